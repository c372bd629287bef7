//! A client that is nothing but a socket, so that no library hides what the sandbox sends.

use std::io;

use sandbox::{ACCOUNT_ID, API_KEY, HALO_CLIENT_ID, HALO_CLIENT_SECRET, Sandbox};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .next()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// One request on a connection of its own. A connection that ends early is an error.
pub(crate) async fn send(
    sandbox: &Sandbox,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Answer> {
    use std::fmt::Write as _;

    let url = sandbox.url();
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await?;
    let mut request =
        format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    write!(request, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    stream.write_all(request.as_bytes()).await?;
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).await?;
    let text = String::from_utf8(raw).unwrap();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let answer = Answer {
        status: head[9..12].parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    };
    let announced: usize = answer
        .header("content-length")
        .unwrap_or("0")
        .parse()
        .unwrap();
    if answer.body.len() < announced {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}

/// A call to the Billing API as a correct client makes it.
pub(crate) async fn billing(sandbox: &Sandbox, operation: &str, rest: &str) -> Answer {
    let target = format!("/ws/rest/V1/PSA_API/{operation}/{ACCOUNT_ID}/{rest}");
    let headers = [
        ("x-api-key", API_KEY),
        ("User-Agent", "test"),
        ("Accept", "application/json"),
    ];
    send(sandbox, "POST", &target, &headers, "").await.unwrap()
}

pub(crate) async fn token_answer(sandbox: &Sandbox, query: &str, form: &str) -> Answer {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    send(
        sandbox,
        "POST",
        &format!("/halo/auth/token{query}"),
        &headers,
        form,
    )
    .await
    .unwrap()
}

pub(crate) fn credentials(scope: &str) -> String {
    format!(
        "grant_type=client_credentials&client_id={HALO_CLIENT_ID}&client_secret={HALO_CLIENT_SECRET}&scope={scope}"
    )
}

pub(crate) async fn token(sandbox: &Sandbox) -> String {
    let answer = token_answer(sandbox, "", &credentials("all")).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// Halo with a token of its own.
pub(crate) struct Halo<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) token: String,
}

impl<'a> Halo<'a> {
    pub(crate) async fn new(sandbox: &'a Sandbox) -> Self {
        let token = token(sandbox).await;
        Self { sandbox, token }
    }

    pub(crate) async fn try_call(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> io::Result<Answer> {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
        ];
        send(
            self.sandbox,
            method,
            &format!("/halo/api/{path}"),
            &headers,
            body,
        )
        .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_call("GET", path, "").await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_call("POST", path, &body.to_string())
            .await
            .unwrap()
    }
}

/// The ids of a list's rows.
pub(crate) fn ids(rows: &Value) -> Vec<i64> {
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect()
}
