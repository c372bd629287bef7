//! Filter expressions as public clients use them: comparisons of columns, joined by and, or, not.

use super::columns::{Column, Seen};
use super::wildcard;
use crate::calendar::DAY;

/// What an expression says of a device.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    All,
    Compare(Operand, Relation, Operand),
    In(Operand, Vec<Operand>),
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Column(Column),
    Any,
    Text(String),
    Number(i64),
    /// So many days before now.
    DaysAgo(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

impl Filter {
    /// `None`: it cannot be read.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::All);
        }
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
            depth: 0,
        };
        let filter = parser.any_of()?;
        (parser.at == parser.tokens.len()).then_some(filter)
    }

    pub(super) fn passes(&self, seen: &Seen<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Not(inner) => !inner.passes(seen),
            Self::And(left, right) => left.passes(seen) && right.passes(seen),
            Self::Or(left, right) => left.passes(seen) || right.passes(seen),
            Self::In(left, list) => list
                .iter()
                .any(|right| holds(seen, left, Relation::Equal, right)),
            Self::Compare(left, relation, right) => holds(seen, left, *relation, right),
        }
    }
}

fn holds(seen: &Seen<'_>, left: &Operand, relation: Relation, right: &Operand) -> bool {
    let right = text_of(seen, right).unwrap_or_default();
    match left {
        Operand::Any => seen.any(|left| compare(left, relation, &right)),
        other => compare(&text_of(seen, other).unwrap_or_default(), relation, &right),
    }
}

/// Numbers are compared as numbers, everything else as text; a column without a value is like an empty text.
fn compare(left: &str, relation: Relation, right: &str) -> bool {
    if relation == Relation::Like {
        return wildcard::matches(right, left);
    }
    let order = match (left.parse::<i64>(), right.parse::<i64>()) {
        (Ok(left), Ok(right)) => left.cmp(&right),
        _ if left.is_empty() && !matches!(relation, Relation::Equal | Relation::NotEqual) => {
            return false;
        }
        _ => left.cmp(right),
    };
    match relation {
        Relation::Equal => order.is_eq(),
        Relation::NotEqual => order.is_ne(),
        Relation::Less => order.is_lt(),
        Relation::LessOrEqual => order.is_le(),
        Relation::Greater => order.is_gt(),
        Relation::GreaterOrEqual => order.is_ge(),
        Relation::Like => false,
    }
}

fn text_of(seen: &Seen<'_>, operand: &Operand) -> Option<String> {
    match operand {
        Operand::Column(column) => seen.value(*column),
        Operand::Any => None,
        Operand::Text(text) => Some(text.clone()),
        Operand::Number(number) => Some(number.to_string()),
        Operand::DaysAgo(days) => Some((seen.world.now - days.saturating_mul(DAY)).to_string()),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Symbol(&'static str),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    const SYMBOLS: [&str; 15] = [
        "==", "!=", "<>", "<=", ">=", "=~", "&&", "||", "<", ">", "!", "(", ")", ",", ".",
    ];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = if let Some(symbol) = SYMBOLS.into_iter().find(|one| rest.starts_with(one)) {
            tokens.push(Token::Symbol(symbol));
            rest.strip_prefix(symbol)?
        } else if first == '\'' || first == '"' {
            let (inside, after) = rest.get(1..)?.split_once(first)?;
            tokens.push(Token::Text(inside.to_owned()));
            after
        } else if first.is_alphanumeric() || matches!(first, '_' | '@' | '-') {
            let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '-');
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            tokens.push(match word.parse() {
                Ok(number) => Token::Number(number),
                Err(_) => Token::Word(word.to_owned()),
            });
            after
        } else {
            return None;
        };
        rest = after.trim_start();
    }
    Some(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// Deeper expressions are refused, so that none exhausts the stack.
const DEEPEST: usize = 64;

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let fits =
            matches!(self.tokens.get(self.at), Some(Token::Symbol(found)) if *found == symbol);
        self.at += usize::from(fits);
        fits
    }

    fn word(&mut self, word: &str) -> bool {
        let fits = matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(fits);
        fits
    }

    fn any_of(&mut self) -> Option<Filter> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut filter = self.all_of()?;
        while self.symbol("||") || self.word("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.all_of()?));
        }
        self.depth -= 1;
        Some(filter)
    }

    fn all_of(&mut self) -> Option<Filter> {
        let mut filter = self.one()?;
        while self.symbol("&&") || self.word("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one()?));
        }
        Some(filter)
    }

    fn one(&mut self) -> Option<Filter> {
        let mut negated = false;
        while self.symbol("!") || self.word("not") {
            negated = !negated;
        }
        let filter = if self.symbol("(") {
            let inner = self.any_of()?;
            self.symbol(")").then_some(inner)?
        } else {
            self.comparison()?
        };
        Some(if negated {
            Filter::Not(Box::new(filter))
        } else {
            filter
        })
    }

    fn comparison(&mut self) -> Option<Filter> {
        let left = self.operand()?;
        if self.word("in") {
            self.symbol("(").then_some(())?;
            let mut list = vec![self.operand()?];
            while self.symbol(",") {
                list.push(self.operand()?);
            }
            return self.symbol(")").then_some(Filter::In(left, list));
        }
        let Some(Token::Symbol(symbol)) = self.next() else {
            return None;
        };
        let relation = match symbol {
            "==" => Relation::Equal,
            "!=" | "<>" => Relation::NotEqual,
            "<" => Relation::Less,
            "<=" => Relation::LessOrEqual,
            ">" => Relation::Greater,
            ">=" => Relation::GreaterOrEqual,
            "=~" => Relation::Like,
            _ => return None,
        };
        Some(Filter::Compare(left, relation, self.operand()?))
    }

    fn operand(&mut self) -> Option<Operand> {
        match self.next()? {
            Token::Text(text) => Some(Operand::Text(text)),
            Token::Number(number) => {
                if !self.symbol(".") {
                    return Some(Operand::Number(number));
                }
                self.call("days")?;
                self.symbol(".").then_some(())?;
                self.call("ago")?;
                Some(Operand::DaysAgo(number))
            }
            Token::Word(word) if word == "ANY" => Some(Operand::Any),
            // `Product.Documents`
            Token::Word(_) if self.symbol(".") => match self.next()? {
                Token::Word(constant) => Some(Operand::Text(constant)),
                _ => None,
            },
            Token::Word(word) => Column::parse(&word).map(Operand::Column),
            Token::Symbol(_) => None,
        }
    }

    /// `name()`
    fn call(&mut self, name: &str) -> Option<()> {
        let whole = self.word(name) && self.symbol("(") && self.symbol(")");
        whole.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn the_filters_of_public_clients_can_be_read() {
        for text in [
            "",
            "AT==1 OR AT==2",
            "AT == 1 AND PN != 'Documents'",
            "PN != Product.Documents",
            "TS > 7.days().ago()",
            "(T7 >= 1) AND (TS > 30.days().ago())",
            "AU in (1,2)",
            "(AU == 123)",
            "I78 =~ '*D14*'",
            "ANY =~ '*macos*'",
            "!(PF =~ '[??????????]* - ????????-????-????-????-????????????') && not AR =~ \"x\"",
        ] {
            assert!(Filter::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let deep = "(".repeat(100_000);
        for text in [
            "AccountId EQ 7",
            "AT ==",
            "AT == 1 AT == 2",
            "(AT == 1",
            "PN == 'x",
            "AT = 1",
            "AU in ()",
            "7.weeks().ago() < TS",
            deep.as_str(),
        ] {
            assert!(
                Filter::parse(text).is_none(),
                "{}",
                &text[..text.len().min(30)]
            );
        }
    }
}
