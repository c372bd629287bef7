//! The demo told from beginning to end.

use super::{Look, Page, plan, run, verify};
use crate::demo::Story;
use crate::text::plain;

/// The whole story.
pub(crate) fn page(story: &Story, look: Look) -> String {
    let mut page = Page::new(look);
    step(&mut page, "1. plan: what would change, and why");
    page.append(&plan::page(&story.plan, false, look));
    step(&mut page, "2. apply: exactly that plan");
    page.append(&run::page(&story.run.report, &story.run.requests, look));
    step(&mut page, "3. verify: everything read back");
    page.append(&verify::page(&story.verify, look));
    step(&mut page, "4. plan again: nothing left to do");
    page.append(&plan::counts(&story.again, look));
    step(&mut page, "5. compare with what the stand-ins expect");
    for wrong in story.verdict.wrong() {
        page.line(format!("  {}", plain(wrong)));
    }
    let sentence = story.verdict.sentence();
    page.line(if story.verdict.is_right() {
        look.good(&sentence)
    } else {
        look.bad(&sentence)
    });
    page.finish()
}

fn step(page: &mut Page, title: &str) {
    page.gap();
    page.heading(&format!("── {title} ──"), "");
}
