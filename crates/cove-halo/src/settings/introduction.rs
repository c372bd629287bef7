//! What the settings reference says beside the keys.

/// What holds for all settings.
pub(super) const INTRODUCTION: &str = "\
One TOML file, `cove-halo.toml` unless `--config FILE` names another; `cove-halo-sync init` writes one. Every key may be left
out but those marked as required. Each can be overridden by the variable beside it; lists are separated by commas there.
Unknown keys and variables are errors.

Secrets are never kept in the file. They come from the environment: `COVE_API_KEY`, `HALO_CLIENT_ID`, `HALO_CLIENT_SECRET`,
`COVE_PASSWORD` for Cove's management API and `SMTP_PASSWORD` for e-mail; each may be given as `<NAME>_FILE`, the path of a file that holds it.
The address of a webhook opens it: give it as `COVE_HALO_NOTIFY_WEBHOOK` rather than in the file.
";

/// How several pairs are set.
pub(super) const PAIRS: &str = "\
Several accounts and tenants in one file. Each pair has a `name` and tables of its own over those at the top of the file, key
by key; its rules come before the shared ones. Its state file is the shared name with `-<name>` before the extension unless
it names one. Its secrets are `<NAME>_COVE_API_KEY` and so on (capitals, `-` as `_`), or else the plain ones.

```toml
[halo]
base_url = \"https://acme.halopsa.com\"

[[pair]]
name = \"north\"
[pair.cove]
account_id = \"001H234578asdfIAS\"

[[pair]]
name = \"south\"
[pair.cove]
account_id = \"001H99999asdfIAS\"
[pair.subscription]
name = \"{service} (south)\"
```

`--pair NAME` picks one, for every verb. Without it `plan`, `sync`, `resume`, `verify`, `drift`, `lint`, `doctor`, `history`,
`report --format json` and `schedule --next` run over all, one after the other or with `--parallel` side by side; one that
fails stops no other. With `--format json` the result is
`{\"schema\":1,\"pairs\":[{\"pair\",\"exit_code\",\"result\"|\"error\"}]}`; the exit code is the first of 1, 2, 8, 4, 3, 6, 7, 5
that any pair ended with. Pairs on one tenant share its request budget. Two pairs on one tenant whose subscriptions could
have the same name are an error: they would fight for one record.
";
