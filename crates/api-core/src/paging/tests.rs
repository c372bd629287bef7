use std::cell::Cell;

use proptest::prelude::*;

use super::{Complete, Page, PagingOptions, collect_all};
use crate::error::{Error, ErrorKind, Result};

type Answer = (Vec<u32>, Option<u64>);

/// Answers page after page from a list, whatever number is asked for; counts the calls.
async fn read(
    options: PagingOptions,
    answers: Vec<Answer>,
) -> (Result<Complete<u32>>, usize, Vec<u64>) {
    let calls = Cell::new(0);
    let mut asked = Vec::new();
    let read = collect_all(
        &options,
        |item| *item,
        |number| {
            asked.push(number);
            let (items, stated_total) = answers.get(calls.get()).cloned().unwrap_or_default();
            calls.set(calls.get() + 1);
            async move {
                Ok(Page {
                    items,
                    stated_total,
                })
            }
        },
    )
    .await;
    (read, calls.get(), asked)
}

fn once() -> PagingOptions {
    PagingOptions::default().restarts(0)
}

#[tokio::test]
async fn ends_as_soon_as_the_stated_total_has_been_seen() {
    let pages = vec![(vec![1, 2], Some(3)), (vec![3], Some(3))];
    let (read, calls, asked) = read(once(), pages).await;
    let read = read.unwrap();
    assert_eq!((read.items(), read.pages()), ([1, 2, 3].as_slice(), 2));
    assert_eq!((read.stated_total(), read.duplicates()), (Some(3), 0));
    assert_eq!((calls, asked), (2, vec![1, 2]));
    assert_eq!(read.into_items(), [1, 2, 3]);
}

#[tokio::test]
async fn pages_are_read_ahead_up_to_the_width_and_judged_in_their_order() {
    // Later pages answer first: each page waits for as many turns as there are pages after it.
    let most = Cell::new(0);
    let under_way = Cell::new(0_usize);
    let fetch = |number: u64| {
        let (most, under_way) = (&most, &under_way);
        async move {
            under_way.set(under_way.get() + 1);
            most.set(most.get().max(under_way.get()));
            for _ in number..6 {
                tokio::task::yield_now().await;
            }
            under_way.set(under_way.get() - 1);
            let number = u32::try_from(number).unwrap();
            Ok(Page {
                items: vec![number * 2, number * 2 + 1],
                stated_total: Some(10),
            })
        }
    };
    let read = collect_all(&once().concurrency(3), |item| *item, fetch).await;
    let read = read.unwrap();
    assert_eq!(read.items(), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!((read.pages(), most.get()), (5, 3));
}

#[tokio::test]
async fn reading_ahead_asks_for_no_page_more_than_the_total_needs() {
    let page = |items: &[u32]| (items.to_vec(), Some(5));
    let pages = vec![page(&[1, 2]), page(&[3, 4]), page(&[5])];
    let (complete, calls, asked) = read(once().concurrency(16), pages).await;
    assert_eq!((complete.unwrap().items().len(), calls), (5, 3));
    assert_eq!(asked, [1, 2, 3]);
    // Without a total there is nothing to go by.
    let pages = vec![(vec![1], None), (vec![2], None), (vec![], None)];
    let (complete, _, asked) = read(once().concurrency(16), pages).await;
    assert_eq!((complete.unwrap().items().len(), asked), (2, vec![1, 2, 3]));
}

#[tokio::test]
async fn a_page_capped_by_the_server_does_not_end_the_list() {
    let pages = vec![
        (vec![1, 2], Some(4)),
        (vec![3], Some(4)),
        (vec![4], Some(4)),
    ];
    let options = once().requested_size(100);
    assert_eq!(read(options, pages).await.0.unwrap().items(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn without_a_total_only_an_empty_page_ends_the_list() {
    let pages = vec![
        (vec![1, 2], None),
        (vec![3], None),
        (vec![4, 5], None),
        (vec![], None),
    ];
    let (read, calls, _) = read(once(), pages).await;
    assert_eq!(read.unwrap().items(), [1, 2, 3, 4, 5]);
    assert_eq!(calls, 4);
}

#[tokio::test]
async fn a_requested_size_lets_a_shorter_page_end_the_list() {
    let pages = || vec![(vec![1, 2], None), (vec![3], None)];
    let (complete, calls, _) = read(once().requested_size(2), pages()).await;
    assert_eq!((complete.unwrap().items().len(), calls), (3, 2));
    // The first page alone may have been capped by the server.
    let (complete, calls, _) = read(once().requested_size(50), pages()).await;
    assert_eq!((complete.unwrap().items().len(), calls), (3, 2));
    let (complete, calls, _) = read(once().requested_size(2), vec![(vec![1], None)]).await;
    assert_eq!((complete.unwrap().items().len(), calls), (1, 2));
}

#[tokio::test]
async fn an_empty_list_is_complete() {
    assert_eq!(
        read(once(), vec![(vec![], Some(0))])
            .await
            .0
            .unwrap()
            .pages(),
        1
    );
    assert_eq!(
        read(once(), vec![(vec![], None)])
            .await
            .0
            .unwrap()
            .stated_total(),
        None
    );
}

#[tokio::test]
async fn a_list_that_ends_early_is_an_error_and_never_a_shorter_list() {
    for end in [Some(3), None] {
        let (read, ..) = read(once(), vec![(vec![1, 2], Some(3)), (vec![], end)]).await;
        let error = read.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incomplete);
        assert_eq!(error.message(), "the list ended after 2 of 3 rows");
    }
    let (read, ..) = read(once(), vec![(vec![], Some(3))]).await;
    assert_eq!(
        read.unwrap_err().message(),
        "the list ended after 0 of 3 rows"
    );
}

#[tokio::test]
async fn a_shifted_list_is_read_again_from_the_first_page() {
    let shifted = vec![(vec![1, 2], Some(3)), (vec![2], Some(3)), (vec![], Some(3))];
    let settled = vec![(vec![0, 1], Some(3)), (vec![2], Some(3))];
    let (read, calls, asked) = read(PagingOptions::default(), [shifted, settled].concat()).await;
    let read = read.unwrap();
    assert_eq!((read.items(), read.duplicates()), ([0, 1, 2].as_slice(), 0));
    // The second page brought no new row: that alone is reason enough.
    assert!(calls >= 4 && asked[..3] == [1, 2, 1], "{asked:?}");
}

#[tokio::test]
async fn a_total_that_changes_is_read_again_and_then_an_error() {
    let pages = vec![(vec![1, 2], Some(3)), (vec![3], Some(4))];
    let (read, calls, asked) = read(PagingOptions::default(), vec![pages; 3].concat()).await;
    let error = read.unwrap_err();
    assert_eq!(
        error.message(),
        "the list's total changed from 3 to 4 while it was read"
    );
    assert_eq!(
        (error.attempts(), calls, asked),
        (3, 6, vec![1, 2, 1, 2, 1, 2])
    );
}

#[tokio::test]
async fn duplicates_are_left_out_counted_and_do_not_fill_the_total() {
    let pages = vec![(vec![1, 2], Some(3)), (vec![2, 3], Some(3))];
    let read_once = read(once(), pages).await.0.unwrap();
    assert_eq!(
        (read_once.items(), read_once.duplicates()),
        ([1, 2, 3].as_slice(), 1)
    );
    let pages = vec![(vec![1, 2], Some(3)), (vec![2, 2], Some(3))];
    assert_eq!(
        read(once(), pages).await.0.unwrap_err().kind(),
        ErrorKind::Incomplete
    );
}

#[tokio::test]
async fn a_service_that_ignores_the_page_number_is_noticed() {
    let (read, calls, _) = read(once(), vec![(vec![1, 2], None); 5]).await;
    assert_eq!(read.unwrap_err().message(), "page 2 brought no new row");
    assert_eq!(calls, 2);
}

#[tokio::test]
async fn a_list_that_is_not_paged_ends_with_its_repeated_first_page_where_that_is_allowed() {
    let allowed = || once().repeat_ends_below(100, &[50]);
    let rows = |count: u32, total| vec![((1..=count).collect::<Vec<_>>(), total); 5];
    for count in [1, 49, 51, 99] {
        let (read, calls, _) = read(allowed(), rows(count, None)).await;
        let read = read.unwrap();
        assert_eq!(read.items().len(), usize::try_from(count).unwrap());
        assert_eq!((read.pages(), read.duplicates(), calls), (1, 0, 2));
    }
    // As many as a cap or the size that was asked for: there may be more. And a total says how many there are.
    for (count, total) in [(50, None), (100, None), (130, None), (2, Some(3))] {
        let (read, ..) = read(allowed(), rows(count, total)).await;
        assert_eq!(read.unwrap_err().message(), "page 2 brought no new row");
    }
    // Some other rows, or fewer of them: that is no repeated page.
    for second in [vec![2, 1, 1], vec![2]] {
        let (read, ..) = read(allowed(), vec![(vec![1, 2], None), (second, None)]).await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::Incomplete);
    }
    // Nor is it the end of a list that is paged, further on.
    let pages = vec![(vec![1, 2], None), (vec![3, 4], None), (vec![3, 4], None)];
    assert!(read(allowed(), pages).await.0.is_err());
}

#[tokio::test]
async fn more_rows_than_stated_prove_nothing() {
    let (read, ..) = read(once(), vec![(vec![1, 2, 3], Some(2))]).await;
    assert_eq!(
        read.unwrap_err().message(),
        "the list has 3 rows but states 2"
    );
}

#[tokio::test]
async fn an_endless_list_is_cut_by_the_page_cap() {
    let mut next = 0;
    let options = once().max_pages(7);
    let read = collect_all(
        &options,
        |item: &u32| *item,
        |_| {
            next += 1;
            let items = vec![next];
            async move {
                Ok(Page {
                    items,
                    stated_total: None,
                })
            }
        },
    )
    .await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::Incomplete);
    assert_eq!(next, 7);
}

#[tokio::test]
async fn the_first_error_ends_the_reading() {
    let mut calls = 0;
    let options = PagingOptions::default();
    let read: Result<Complete<u32>> = collect_all(
        &options,
        |item| *item,
        |number| {
            calls += 1;
            async move {
                if number == 2 {
                    return Err(Error::new(ErrorKind::Permission, "no"));
                }
                Ok(Page {
                    items: vec![1],
                    stated_total: Some(9),
                })
            }
        },
    )
    .await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::Permission);
    assert_eq!(calls, 2);
}

proptest! {
    /// Whatever a service answers: a complete list has every key once and agrees with the total.
    #[test]
    fn what_is_complete_is_consistent(
        answers in proptest::collection::vec(
            (proptest::collection::vec(0u32..12, 0..5), proptest::option::of(0u64..14)), 0..12),
        restarts in 0u32..3,
        width in 1usize..5,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let options = PagingOptions::default().restarts(restarts).concurrency(width);
        let (read, ..) = runtime.block_on(read(options, answers));
        if let Ok(read) = read {
            let mut keys = read.items().to_vec();
            keys.sort_unstable();
            keys.dedup();
            prop_assert_eq!(keys.len(), read.items().len());
            if let Some(total) = read.stated_total() {
                prop_assert_eq!(total, read.items().len() as u64);
            }
        }
    }

    /// A stable list is read whole whatever the page size, with and without a total, and however many pages
    /// are asked for at once.
    #[test]
    fn a_stable_list_is_read_whole(
        len in 0u32..60,
        size in 1usize..20,
        stated in any::<bool>(),
        width in 1usize..5,
    ) {
        let all: Vec<u32> = (0..len).collect();
        let pages = all.chunks(size).map(<[u32]>::to_vec).chain([vec![]]);
        let answers = pages.map(|items| (items, stated.then_some(u64::from(len)))).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (read, ..) = runtime.block_on(read(once().concurrency(width), answers));
        prop_assert_eq!(read.unwrap().into_items(), all);
    }
}
