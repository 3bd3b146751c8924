//! A document of headings, lines, tables and places to sign, as text and as HTML.

/// A document.
pub(super) struct Document {
    /// The language, as a tag.
    pub(super) language: &'static str,
    /// What it is, above the title.
    pub(super) kind: String,
    /// The title.
    pub(super) title: String,
    /// The word for a page.
    pub(super) page: String,
    /// What it says.
    pub(super) blocks: Vec<Block>,
}

/// A part of a document.
pub(super) enum Block {
    /// A heading.
    Heading(String),
    /// A heading within a part.
    Subheading(String),
    /// A sentence or two.
    Line(String),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// A table with a head.
    Table(Vec<String>, Vec<Vec<String>>),
    /// Something to be compared letter by letter.
    Code(String, String),
    /// A place to sign: whose, what is there already, and what a person fills in by hand.
    Signature(String, String, Vec<String>),
}

/// The width of a text.
const WIDTH: usize = 78;

impl Document {
    /// As text for a terminal or a plain printer.
    pub(super) fn text(&self) -> String {
        let mut out =
            format!("{}\n\n{}{}\n", self.kind, wrapped(&self.title, ""), "=".repeat(WIDTH));
        self.blocks.iter().for_each(|block| block.text(&mut out));
        out
    }

    /// As a page to print and sign.
    pub(super) fn html(&self) -> String {
        let Self { language, kind, title, page, blocks } = self;
        let (kind, title) = (escaped(kind), escaped(title));
        let page: String = page.chars().filter(|c| c.is_alphabetic()).collect();
        let mut out = format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <title>{title}</title>\n<style>\n{STYLE}\
             @page {{ @bottom-right {{ content: \"{page} \" counter(page) \" / \" counter(pages); }} }}\n\
             </style>\n</head>\n<body>\n<header><p>{kind}</p><h1>{title}</h1></header>\n"
        );
        blocks.iter().for_each(|block| block.html(&mut out));
        out.push_str("</body>\n</html>\n");
        out
    }
}

impl Block {
    fn text(&self, out: &mut String) {
        let fact = |(name, value): (&String, &String)| {
            let colon = if name.ends_with('?') { "" } else { ":" };
            wrapped(&format!("{name}{colon} {value}"), "  ")
        };
        let text = match self {
            Self::Heading(heading) => {
                format!("\n{heading}\n{}\n", "-".repeat(heading.chars().count()))
            }
            Self::Subheading(heading) => format!("\n{heading}\n"),
            Self::Line(line) => wrapped(line, ""),
            Self::Facts(facts) => facts.iter().map(|(name, value)| fact((name, value))).collect(),
            Self::Table(head, rows) => {
                let row = |row: &Vec<String>| head.iter().zip(row).map(fact).collect::<String>();
                rows.iter().map(row).collect::<Vec<_>>().join("\n")
            }
            Self::Code(name, code) => format!("\n{name}\n  {code}\n"),
            Self::Signature(who, signed, fields) => {
                let field = |field: &String| {
                    let dots = WIDTH.saturating_sub(field.chars().count() + 4);
                    format!("\n  {field}: {}\n", ".".repeat(dots))
                };
                let fields: String = fields.iter().map(field).collect();
                format!("\n{who}\n{}{fields}", wrapped(signed, "  "))
            }
        };
        out.push_str(&text);
    }

    fn html(&self, out: &mut String) {
        let cells = |cells: &[String], tag: &str| -> String {
            cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect()
        };
        let html = match self {
            Self::Heading(heading) => format!("<h2>{}</h2>", escaped(heading)),
            Self::Subheading(heading) => format!("<h3>{}</h3>", escaped(heading)),
            Self::Line(line) => format!("<p>{}</p>", escaped(line)),
            Self::Facts(facts) => {
                let fact = |(name, value): &(String, String)| {
                    format!("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value))
                };
                format!("<dl>\n{}</dl>", facts.iter().map(fact).collect::<String>())
            }
            Self::Table(head, rows) => {
                let row = |row: &Vec<String>| format!("<tr>{}</tr>\n", cells(row, "td"));
                let rows: String = rows.iter().map(row).collect();
                let head = cells(head, "th");
                format!(
                    "<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"
                )
            }
            Self::Code(name, code) => {
                format!("<p>{}<br><code>{}</code></p>", escaped(name), escaped(code))
            }
            Self::Signature(who, signed, fields) => {
                let field = |field: &String| format!("<span>{}</span><i></i>\n", escaped(field));
                let fields: String = fields.iter().map(field).collect();
                let (who, signed) = (escaped(who), escaped(signed));
                format!(
                    "<section>\n<h3>{who}</h3>\n<p>{signed}</p>\n<div>\n{fields}</div>\n</section>"
                )
            }
        };
        out.push_str(&html);
        out.push('\n');
    }
}

const STYLE: &str = "\
@page { size: A4; margin: 22mm 20mm; }
body { font: 11pt/1.45 \"Liberation Serif\", \"Times New Roman\", serif; color: #111; max-width: 170mm; margin: 12mm auto; }
header { border-bottom: 2px solid #111; margin-bottom: 6mm; }
header p { margin: 0; font-size: 10pt; }
h1 { font-size: 18pt; line-height: 1.2; margin: 2mm 0 4mm; }
h2 { font-size: 13pt; margin: 8mm 0 2mm; break-after: avoid; }
h3 { font-size: 11pt; margin: 4mm 0 1mm; break-after: avoid; }
p { margin: 1mm 0 2mm; }
dl { display: grid; grid-template-columns: 38mm 1fr; gap: 1mm 4mm; margin: 0 0 3mm; break-inside: avoid; }
dt { font-weight: bold; }
dd { margin: 0; }
table { border-collapse: collapse; width: 100%; }
tr { break-inside: avoid; }
th, td { border: 1px solid #888; padding: 1.5mm 2mm; text-align: left; vertical-align: top; }
th { background: #eee; }
code { font: 10pt \"Liberation Mono\", monospace; overflow-wrap: anywhere; }
section { border: 1px solid #111; padding: 1mm 4mm 4mm; margin: 4mm 0; break-inside: avoid; }
section div { display: grid; grid-template-columns: 24mm 1fr; gap: 4mm; align-items: end; }
section i { border-bottom: 1px solid #111; min-height: 7mm; }
@media print { body { margin: 0; max-width: none; } }
";

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// Lines of at most [`WIDTH`] characters, with the continuation further in.
fn wrapped(text: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut line = indent.to_owned();
    for word in text.split_whitespace() {
        let fresh = line.trim().is_empty();
        if !fresh && line.chars().count() + word.chars().count() + 1 > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = if indent.is_empty() { String::new() } else { format!("{indent}    ") };
        } else if !fresh {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
    out
}
