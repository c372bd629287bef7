use super::{Error, ErrorKind};
use crate::transport::{Sent, TransportError, TransportErrorKind};
use http::StatusCode;
use std::error::Error as _;

#[test]
fn displays_one_line_with_the_operation_and_without_the_source() {
    let source = TransportError::new(TransportErrorKind::Broken, Sent::Maybe, "reset by peer");
    let error = Error::from(source).with_operation("clients.list");
    assert_eq!(error.to_string(), "clients.list: the connection broke");
    assert_eq!(error.source().unwrap().to_string(), "reset by peer");
    assert_eq!(Error::new(ErrorKind::Api, "a\nb\t c").to_string(), "a b c");
}

#[test]
fn a_status_of_4xx_means_refused_except_408() {
    let status = |code: u16| {
        Error::new(ErrorKind::Status, "x").with_status(StatusCode::from_u16(code).unwrap())
    };
    for (code, refused) in [
        (400, true),
        (404, true),
        (408, false),
        (500, false),
        (302, false),
    ] {
        assert_eq!(status(code).was_refused(), refused, "{code}");
    }
    assert!(!Error::new(ErrorKind::Timeout, "x").was_refused());
}

#[test]
fn sent_follows_from_the_kind_unless_said_otherwise() {
    assert!(!Error::new(ErrorKind::Config, "x").may_have_been_sent());
    assert!(!Error::new(ErrorKind::Connect, "x").may_have_been_sent());
    assert!(Error::new(ErrorKind::Timeout, "x").may_have_been_sent());
    assert!(Error::new(ErrorKind::Status, "x").may_have_been_sent());
    assert!(
        !Error::new(ErrorKind::Status, "x")
            .with_sent(Sent::No)
            .may_have_been_sent()
    );
}

#[test]
fn debug_keeps_the_snippet_to_itself() {
    let error = Error::new(ErrorKind::Status, "x").with_body_snippet(b"customer data");
    assert_eq!(error.body_snippet(), Some("customer data"));
    assert!(!format!("{error:?} {error:#?} {error}").contains("customer"));
}

#[test]
fn is_small_and_can_be_shared() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
