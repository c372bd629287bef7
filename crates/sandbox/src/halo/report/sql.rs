//! A very small `SELECT`: columns, perhaps inside `ISNULL`, with aliases from one of two tables, and conditions joined by
//! `AND`.

use serde_json::{Map, Value};

/// Something with columns. `None`: no such column.
pub(super) trait Row {
    fn value(&self, column: &str) -> Option<Value>;
}

/// The tables there are (names from a published schema).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// `AREA`: clients.
    Clients,
    /// `Licence`
    Licences,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) table: Table,
    pub(super) columns: Vec<Column>,
    conditions: Vec<Condition>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// What a NULL is shown as.
    if_null: Option<Literal>,
    pub(super) alias: String,
}

/// A constant: text, or a number without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Literal {
    text: String,
    quoted: bool,
}

impl Literal {
    fn value(&self) -> Value {
        match self.text.parse::<i64>() {
            Ok(number) if !self.quoted => number.into(),
            _ => self.text.as_str().into(),
        }
    }
}

/// `column = literal`, `column <> literal`, the column perhaps inside `ISNULL(column, literal)`.
#[derive(Debug, PartialEq, Eq)]
struct Condition {
    column: String,
    if_null: Option<Literal>,
    equal: bool,
    literal: Literal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Literal(Literal),
    Symbol(&'static str),
}

impl Query {
    /// The error is worded as SQL Server does.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens };
        parser.keyword("SELECT")?;
        let mut columns = vec![parser.column()?];
        while parser.symbol(",") {
            columns.push(parser.column()?);
        }
        parser.keyword("FROM")?;
        let name = parser.word()?;
        let table = match name.to_ascii_lowercase().as_str() {
            "area" => Table::Clients,
            "licence" => Table::Licences,
            _ => return Err(format!("Invalid object name '{name}'.")),
        };
        let mut conditions = Vec::new();
        if !parser.tokens.is_empty() {
            parser.keyword("WHERE")?;
            conditions.push(parser.condition()?);
            while !parser.tokens.is_empty() {
                parser.keyword("AND")?;
                conditions.push(parser.condition()?);
            }
        }
        Ok(Self {
            table,
            columns,
            conditions,
        })
    }

    pub(super) fn run<R: Row>(&self, rows: impl Iterator<Item = R>) -> Result<Vec<Value>, String> {
        let mut found = Vec::new();
        for row in rows {
            let value = |name: &str| {
                row.value(name)
                    .ok_or_else(|| format!("Invalid column name '{name}'."))
            };
            let mut holds = true;
            for condition in &self.conditions {
                holds &= condition.holds(&value(&condition.column)?);
            }
            let mut out = Map::new();
            for column in &self.columns {
                out.insert(column.alias.clone(), column.shown(value(&column.name)?));
            }
            if holds {
                found.push(out.into());
            }
        }
        Ok(found)
    }
}

impl Column {
    fn shown(&self, value: Value) -> Value {
        match &self.if_null {
            Some(literal) if value.is_null() => literal.value(),
            _ => value,
        }
    }
}

impl Condition {
    /// SQL Server ignores case and trailing spaces in comparisons; NULL compares with nothing.
    fn holds(&self, value: &Value) -> bool {
        let text = match value {
            Value::Null => self.if_null.as_ref().map(|literal| literal.text.clone()),
            Value::Bool(bit) => Some(i32::from(*bit).to_string()),
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let fold = |text: &str| text.trim_end_matches(' ').to_lowercase();
        text.is_some_and(|text| (fold(&text) == fold(&self.literal.text)) == self.equal)
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
}

impl Parser<'_> {
    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn unexpected<T>(token: Option<&Token>) -> Result<T, String> {
        let near = match token {
            Some(Token::Word(text) | Token::Literal(Literal { text, .. })) => text.as_str(),
            Some(Token::Symbol(text)) => text,
            None => "",
        };
        Err(format!("Incorrect syntax near '{near}'."))
    }

    fn word(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word.clone()),
            other => Self::unexpected(other),
        }
    }

    fn literal(&mut self) -> Result<Literal, String> {
        match self.next() {
            Some(Token::Literal(literal)) => Ok(literal.clone()),
            other => Self::unexpected(other),
        }
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.tokens.first(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), String> {
        let fits = self.is_keyword(keyword);
        let token = self.next();
        if fits {
            Ok(())
        } else {
            Self::unexpected(token)
        }
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let fits = matches!(self.tokens.first(), Some(Token::Symbol(found)) if *found == symbol);
        if fits {
            self.next();
        }
        fits
    }

    fn expect(&mut self, symbol: &str) -> Result<(), String> {
        if self.symbol(symbol) {
            Ok(())
        } else {
            Self::unexpected(self.next())
        }
    }

    /// `name`, `name AS alias`, `ISNULL(name, literal) AS alias`.
    fn column(&mut self) -> Result<Column, String> {
        let (name, if_null) = self.operand()?;
        let alias = if self.is_keyword("AS") {
            self.next();
            self.word()?
        } else if if_null.is_some() {
            // SQL Server leaves such a column without a name; a report cannot show it.
            return Self::unexpected(self.next());
        } else {
            name.clone()
        };
        Ok(Column {
            name,
            if_null,
            alias,
        })
    }

    /// `name` or `ISNULL(name, literal)`.
    fn operand(&mut self) -> Result<(String, Option<Literal>), String> {
        if !self.is_keyword("ISNULL") {
            return Ok((self.word()?, None));
        }
        self.next();
        self.expect("(")?;
        let column = self.word()?;
        self.expect(",")?;
        let literal = self.literal()?;
        self.expect(")")?;
        Ok((column, Some(literal)))
    }

    fn condition(&mut self) -> Result<Condition, String> {
        let (column, if_null) = self.operand()?;
        let equal = self.symbol("=");
        if !equal {
            self.expect("<>")?;
        }
        let literal = self.literal()?;
        Ok(Condition {
            column,
            if_null,
            equal,
            literal,
        })
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    const SYMBOLS: [&str; 5] = ["<>", "(", ")", ",", "="];
    let mut tokens = Vec::new();
    let mut rest = text.trim().trim_end_matches(';').trim_end();
    while let Some(first) = rest.chars().next() {
        if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            tokens.push(Token::Symbol(symbol));
            rest = rest.get(symbol.len()..).unwrap_or_default();
        } else if first == '\'' {
            let (text, after) = quoted(rest)?;
            tokens.push(Token::Literal(Literal { text, quoted: true }));
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('[') {
            let (name, after) = inside.split_once(']').ok_or("Unclosed quotation mark.")?;
            tokens.push(Token::Word(name.to_owned()));
            rest = after;
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            tokens.push(if first.is_ascii_digit() {
                Token::Literal(Literal {
                    text: word.to_owned(),
                    quoted: false,
                })
            } else {
                Token::Word(word.to_owned())
            });
            rest = after;
        } else if first.is_whitespace() {
            rest = rest.trim_start();
        } else {
            return Err(format!("Incorrect syntax near '{first}'."));
        }
    }
    Ok(tokens)
}

/// A text in single quotes, a doubled quote being one, and what follows it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut out = String::new();
    let mut rest = text.strip_prefix('\'').unwrap_or(text);
    loop {
        let Some((part, after)) = rest.split_once('\'') else {
            return Err("Unclosed quotation mark after the character string.".to_owned());
        };
        out.push_str(part);
        match after.strip_prefix('\'') {
            Some(more) => {
                out.push('\'');
                rest = more;
            }
            None => return Ok((out, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Query, Row};

    struct One(Value);

    impl Row for One {
        fn value(&self, column: &str) -> Option<Value> {
            match column {
                "Aarea" => Some(12.into()),
                "CFx" => Some(self.0.clone()),
                _ => None,
            }
        }
    }

    fn run(sql: &str) -> Result<Vec<Value>, String> {
        let rows = [json!("7"), json!("O'Brien "), Value::Null, json!("")];
        Query::parse(sql)?.run(rows.into_iter().map(One))
    }

    #[test]
    fn finds_what_equals_a_literal() {
        assert_eq!(
            run("SELECT Aarea AS [id], CFx AS cove FROM AREA WHERE CFx = '7';"),
            Ok(vec![json!({"id": 12, "cove": "7"})])
        );
        assert_eq!(
            run("select CFx from area where CFx='o''brien'"),
            Ok(vec![json!({"CFx": "O'Brien "})])
        );
        assert_eq!(run("SELECT CFx FROM AREA WHERE CFx = '8'"), Ok(vec![]));
    }

    #[test]
    fn finds_what_is_not_blank() {
        let rows = run("SELECT CFx FROM AREA WHERE ISNULL(CFx,'')<>'' AND Aarea=12").unwrap();
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn shows_a_constant_instead_of_null() {
        assert_eq!(
            run(
                "SELECT ISNULL(CFx, 0) AS [x], isnull(CFx,'0') AS y FROM AREA WHERE ISNULL(CFx,'none') = 'none'"
            ),
            Ok(vec![json!({"x": 0, "y": "0"})])
        );
        assert_eq!(
            run("SELECT ISNULL(CFx,0) AS [x] FROM AREA WHERE CFx = '7'"),
            Ok(vec![json!({"x": "7"})])
        );
        assert_eq!(
            run("SELECT ISNULL(CFx,0) FROM AREA").unwrap_err(),
            "Incorrect syntax near 'FROM'."
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |sql| run(sql).unwrap_err();
        assert_eq!(error("SELECT CFy FROM AREA"), "Invalid column name 'CFy'.");
        assert_eq!(
            error("SELECT CFx FROM AREA WHERE CFy=''"),
            "Invalid column name 'CFy'."
        );
        assert_eq!(error("DELETE FROM AREA"), "Incorrect syntax near 'DELETE'.");
        assert_eq!(
            error("SELECT CFx FROM Users"),
            "Invalid object name 'Users'."
        );
        assert!(error("SELECT CFx FROM AREA WHERE CFx='").starts_with("Unclosed quotation mark"));
        assert_eq!(error(""), "Incorrect syntax near ''.");
        assert_eq!(
            error("SELECT CFx FROM AREA WHERE CFx LIKE 'a'"),
            "Incorrect syntax near 'LIKE'."
        );
    }
}
