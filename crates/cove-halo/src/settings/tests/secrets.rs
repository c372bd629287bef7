//! Where secrets come from, and that they are not shown.

use super::env;
use crate::settings::Secrets;
use secrecy::ExposeSecret;

#[test]
fn secrets_come_from_variables_or_files_and_are_never_shown() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from-file\r\n").unwrap();
    let path = file.path().to_str().unwrap();
    let secrets = Secrets::from_env(&env(&[
        ("COVE_API_KEY", "canary-key"),
        ("HALO_CLIENT_ID", "id"),
        ("HALO_CLIENT_SECRET_FILE", path),
        ("SMTP_PASSWORD_FILE", path),
    ]))
    .unwrap();
    let key = secrets
        .cove_api_key
        .as_ref()
        .map(ExposeSecret::expose_secret);
    assert_eq!(key, Some("canary-key"));
    assert_eq!(secrets.halo_client_secret.expose_secret(), "from-file");
    assert!(secrets.cove_password.is_none());
    let smtp = secrets.smtp_password.as_ref().unwrap();
    assert_eq!(smtp.expose_secret(), "from-file");
    assert!(!format!("{secrets:?}").contains("canary"));
}

#[test]
fn a_missing_or_doubtful_secret_names_its_variable() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "one\ntwo").unwrap();
    let two_lines = file.path().to_str().unwrap();
    let base = [("HALO_CLIENT_ID", "id"), ("HALO_CLIENT_SECRET", "x")];
    for (extra, message) in [
        (vec![("COVE_API_KEY", " ")], "COVE_API_KEY is empty"),
        (
            vec![("COVE_API_KEY", "a"), ("COVE_API_KEY_FILE", "b")],
            "COVE_API_KEY and COVE_API_KEY_FILE are both set",
        ),
        (
            vec![("COVE_API_KEY_FILE", "/nowhere/at/all")],
            "cannot read the file that COVE_API_KEY_FILE names",
        ),
        (
            vec![("COVE_API_KEY_FILE", two_lines)],
            "COVE_API_KEY holds a line break",
        ),
    ] {
        let pairs: Vec<_> = base.into_iter().chain(extra).collect();
        let error = Secrets::from_env(&env(&pairs)).unwrap_err();
        assert!(error.message().contains(message), "{error}");
        assert!(error.hint().is_some());
    }
}
