//! The last mile at the command line.

use crate::tool::World;

#[test]
fn a_subscription_that_no_line_consumes_is_found_until_it_has_one() {
    let world = World::simple();
    world.run(&["sync", "--yes", "--period", "202610"]).ended(0);
    let licence = world.sandbox.subscriptions()[0].id;
    let before = world.writes().len();
    let page = world.run(&["lint"]).ended(5);
    assert!(
        page.stdout
            .starts_with("1 subscription against 0 recurring invoices: 1 thing to look at\n"),
        "{page:?}"
    );
    for words in ["1 no_line", "Acme Ltd", "to do: add a line"] {
        assert!(page.stdout.contains(words), "{words}: {page:?}");
    }
    let document = world.run(&["lint", "--format", "json"]).ended(5).json();
    assert_eq!(document["summary"]["no_line"], 1);
    assert_eq!(document["summary"]["zero_price"], 0);
    assert_eq!(document["findings"][0]["licence_id"], licence);
    assert!(document["findings"][0]["line_id"].is_null());
    let sheet = world.run(&["lint", "--format", "csv"]).ended(5);
    assert_eq!(sheet.stdout.lines().count(), 2, "{sheet:?}");

    // A line at 14, while the vendor charges 20.5.
    let line = world
        .sandbox
        .edit(|world| world.add_invoice_line(licence))
        .unwrap();
    let loss = world.run(&["lint"]).ended(5);
    assert!(
        loss.stdout.contains("1 negative_margin") && loss.stdout.contains("charged 20.5"),
        "{loss:?}"
    );
    world
        .sandbox
        .edit(|world| world.edit_invoice_line(line, |line| line.price = 30.into()));
    let well = world.run(&["lint"]).ended(0);
    assert!(well.stdout.contains("every count is billed"), "{well:?}");
    assert_eq!(world.writes().len(), before, "nothing was written");
}
