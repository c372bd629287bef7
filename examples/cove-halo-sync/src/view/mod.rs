//! Pages as text: pure functions from results to strings, so that every page can be compared with what it was.

mod back_fill;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod drift;
mod exceptions;
pub(crate) mod follow_up;
pub(crate) mod history;
mod ledger;
pub(crate) mod lint;
pub(crate) mod map;
mod money;
mod names;
pub(crate) mod plan;
pub(crate) mod rows;
pub(crate) mod run;
pub(crate) mod sandbox;
pub(crate) mod schedule;
pub(crate) mod verify;
pub(crate) mod why;

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
};
use console::measure_text_width;

/// How a page is to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Columns of the terminal.
    pub(crate) width: u16,
    /// Whether colour may be used. Nothing is said by colour alone.
    pub(crate) colour: bool,
}

impl Look {
    /// 80 columns, no colour: what a file or a pipe gets.
    pub(crate) const PLAIN: Self = Self {
        width: 80,
        colour: false,
    };

    /// A heading.
    pub(crate) fn heading(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Something that is well.
    pub(crate) fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Something to look at.
    pub(crate) fn warning(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// Something wrong.
    pub(crate) fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// An empty table with these columns; a name that begins with `>` makes a column of numbers.
    pub(crate) fn table(self, columns: &[&str]) -> Grid {
        const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));
        let mut table = Table::new();
        table
            .load_style(STYLE)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.width)
            .set_header(columns.iter().map(|name| name.trim_start_matches('>')));
        for (name, column) in columns.iter().zip(table.column_iter_mut()) {
            column.set_padding((0, 2));
            if name.starts_with('>') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Grid {
            numbers: columns.iter().map(|name| name.starts_with('>')).collect(),
            table,
        }
    }
}

/// A table being filled.
#[derive(Debug)]
pub(crate) struct Grid {
    table: Table,
    numbers: Vec<bool>,
}

impl Grid {
    /// Adds a row, one cell per column.
    pub(crate) fn add_row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.table
            .add_row(cells.into_iter().collect::<Vec<String>>());
    }

    /// Keeps a column in one piece.
    pub(crate) fn keep_whole(&mut self, column: usize) {
        if let Some(column) = self.table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }

    /// Width with every number in one piece and words as narrow as they may be.
    fn room(&self, padding: u16) -> u16 {
        self.table
            .column_max_content_widths()
            .into_iter()
            .zip(&self.numbers)
            .map(|(width, is_number)| {
                let width = if *is_number {
                    width
                } else {
                    width.min(WORD_WIDTH)
                };
                width.saturating_add(padding)
            })
            .fold(0, u16::saturating_add)
    }

    /// The lines. Numbers are kept in one piece as long as that leaves room for words.
    fn lines(mut self, width: u16) -> Vec<String> {
        let padding = [2, 1]
            .into_iter()
            .find(|padding| self.room(*padding) <= width);
        if let Some(padding) = padding {
            for column in self.table.column_iter_mut() {
                column.set_padding((0, padding));
            }
            for index in 0..self.numbers.len() {
                if self.numbers.get(index) == Some(&true) {
                    self.keep_whole(index);
                }
            }
        }
        self.table
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }
}

/// Least width of a column of words.
const WORD_WIDTH: u16 = 12;

/// A page being written, line by line.
#[derive(Debug)]
pub(crate) struct Page {
    look: Look,
    text: String,
}

impl Page {
    /// An empty page.
    pub(crate) fn new(look: Look) -> Self {
        Self {
            look,
            text: String::new(),
        }
    }

    /// How it is to look.
    pub(crate) fn look(&self) -> Look {
        self.look
    }

    /// A sentence; one that is wider than the page goes on, indented, on the next line.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) {
        let line = line.as_ref();
        let width = usize::from(self.look.width);
        let indent = line.len() - line.trim_start_matches(' ').len() + 2;
        let mut used = 0;
        for (index, word) in line.split(' ').enumerate() {
            let taken = measure_text_width(word);
            if index > 0 {
                if used + 1 + taken > width && used > indent {
                    self.text.push('\n');
                    self.text.extend(std::iter::repeat_n(' ', indent));
                    used = indent;
                } else {
                    self.text.push(' ');
                    used += 1;
                }
            }
            self.text.push_str(word);
            used += taken;
        }
        self.text.push('\n');
    }

    /// An empty line, unless the page is empty.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// A heading on a line of its own, with a remark after it.
    pub(crate) fn heading(&mut self, heading: &str, remark: &str) {
        let heading = self.look.heading(heading);
        match remark {
            "" => self.line(heading),
            remark => self.line(format!("{heading} ({remark})")),
        }
    }

    /// Another page.
    pub(crate) fn append(&mut self, page: &str) {
        self.text.push_str(page);
    }

    /// A table.
    pub(crate) fn table(&mut self, grid: Grid) {
        for line in grid.lines(self.look.width) {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// The whole text.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
pub(crate) mod samples;

#[cfg(test)]
mod tests;
