//! Both stores, one suite.

use billing_sync::state::MemoryStore;
use billing_sync::state::sqlite::SqliteStore;
use billing_sync::testing::contract;
use std::cell::Cell;

#[tokio::test]
async fn the_store_in_memory_keeps_the_contract() {
    contract::state_store(MemoryStore::new).await;
}

#[tokio::test]
async fn sqlite_in_memory_keeps_the_contract() {
    contract::state_store(|| SqliteStore::in_memory().unwrap()).await;
}

#[tokio::test]
async fn sqlite_in_a_file_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let number = Cell::new(0);
    contract::state_store(|| {
        number.set(number.get() + 1);
        SqliteStore::open(folder.path().join(format!("{}.db", number.get()))).unwrap()
    })
    .await;
}
