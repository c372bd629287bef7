//! Result files: written beside their place and renamed, so that a full disk or a crash leaves the old file whole.

use crate::failure::Failure;
use std::io::Write;
use std::path::Path;

/// Writes a file that only its owner can read, in one step.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |error: std::io::Error| {
        Failure::new(format!("cannot write {}: {error}", path.display()))
            .with_hint("check that the folder exists, can be written to and has space left")
    };
    if path.is_dir() {
        return Err(Failure::usage(format!(
            "{} is a folder, not a file",
            path.display()
        )));
    }
    // tempfile makes files of mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        replace(&path, b"x").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_missing_folder_is_one_clear_line() {
        let folder = tempfile::tempdir().unwrap();
        let failure = replace(&folder.path().join("no/plan.json"), b"x").unwrap_err();
        assert!(
            failure.message().starts_with("cannot write "),
            "{failure:?}"
        );
    }
}
