//! Real handshakes with a mail server: without a certificate that somebody vouches for, nobody hears the note or the password.

use super::{deliver, encrypted};
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// How a mail server begins to encrypt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    AtOnce,
    StartTls,
    Never,
}

/// A mail server behind a certificate that it made itself.
struct Server {
    port: u16,
    pem: String,
    /// Every line that it could read.
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(way: Way) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            pem: cert.pem(),
            heard: Arc::default(),
        };
        let heard = Arc::clone(&server.heard);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, heard) = (acceptor.clone(), Arc::clone(&heard));
                tokio::spawn(async move {
                    let mut socket = BufReader::new(socket);
                    if way != Way::AtOnce
                        && !talk(&mut socket, &heard, way == Way::StartTls, true).await
                    {
                        return;
                    }
                    if let Ok(socket) = acceptor.accept(socket.into_inner()).await {
                        let mut socket = BufReader::new(socket);
                        talk(&mut socket, &heard, false, way == Way::AtOnce).await;
                    }
                });
            }
        });
        server
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Talks SMTP; true once the client wants to encrypt.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut BufReader<S>,
    heard: &Mutex<Vec<String>>,
    encrypts: bool,
    greets: bool,
) -> bool {
    if greets && socket.write_all(b"220 mail.test\r\n").await.is_err() {
        return false;
    }
    let mut line = String::new();
    let mut in_message = false;
    while socket.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let said = std::mem::take(&mut line);
        let said = said.trim_end();
        heard.lock().unwrap().push(said.to_owned());
        let answer: &str = match said.split(' ').next().unwrap() {
            "." if in_message => {
                in_message = false;
                "250 taken\r\n"
            }
            _ if in_message => "",
            "EHLO" if encrypts => "250-mail.test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
            "EHLO" => "250-mail.test\r\n250 AUTH PLAIN\r\n",
            "STARTTLS" => "220 go on\r\n",
            "AUTH" => "235 welcome\r\n",
            "DATA" => {
                in_message = true;
                "354 go on\r\n"
            }
            _ => "250 ok\r\n",
        };
        if socket.write_all(answer.as_bytes()).await.is_err() {
            return false;
        }
        if said == "STARTTLS" {
            return true;
        }
    }
    false
}

async fn send(server: AsyncSmtpTransportBuilder, port: u16) -> Result<(), String> {
    let credentials = Credentials::new("sync".to_owned(), "s3cret-mail".to_owned());
    let note = Message::builder()
        .from("a@msp.example".parse().unwrap())
        .to("b@msp.example".parse().unwrap())
        .body("note".to_owned())
        .unwrap();
    let server = server.port(port).credentials(credentials);
    let sent = server.build::<Tokio1Executor>().send(note).await;
    sent.map(drop).map_err(|error| error.to_string())
}

/// Trusts one root more, as the machine does after it was put among its certificates.
fn trusting(builder: AsyncSmtpTransportBuilder, pem: &str, way: Way) -> AsyncSmtpTransportBuilder {
    let root = Certificate::from_pem(pem.as_bytes()).unwrap();
    let parameters = TlsParameters::builder("localhost".to_owned())
        .add_root_certificate(root)
        .build_rustls()
        .unwrap();
    builder.tls(match way {
        Way::AtOnce => Tls::Wrapper(parameters),
        Way::StartTls | Way::Never => Tls::Required(parameters),
    })
}

#[tokio::test]
async fn a_mail_server_that_nobody_vouches_for_hears_no_note_and_no_password() {
    for way in [Way::AtOnce, Way::StartTls] {
        let server = Server::start(way).await;
        let stranger = encrypted("localhost", way == Way::AtOnce).unwrap();
        let error = send(stranger, server.port).await.unwrap_err();
        assert!(!error.contains("s3cret"), "{error}");
        let greeted = |line: &String| line.starts_with("EHLO ") || line == "STARTTLS";
        assert!(server.heard().iter().all(greeted), "{:?}", server.heard());

        // It is the certificate alone that was refused.
        let known = encrypted("localhost", way == Way::AtOnce).unwrap();
        let known = trusting(known, &server.pem, way);
        send(known, server.port).await.unwrap();
        let heard = server.heard();
        let has = |begin: &str| heard.iter().any(|line| line.starts_with(begin));
        assert!(has("AUTH PLAIN ") && has("note"), "{heard:?}");
    }
}

#[tokio::test]
async fn a_mail_server_that_does_not_encrypt_is_told_nothing() {
    let server = Server::start(Way::Never).await;
    let open = encrypted("localhost", false).unwrap();
    send(trusting(open, &server.pem, Way::Never), server.port)
        .await
        .unwrap_err();
    send(encrypted("localhost", false).unwrap(), server.port)
        .await
        .unwrap_err();
    let told = |line: &String| !line.starts_with("EHLO ") && line != "QUIT";
    let told: Vec<String> = server.heard().into_iter().filter(told).collect();
    assert_eq!(told, Vec::<String>::new());
}

/// A server that talks until it has heard this word, and then says nothing more; it never closes the connection.
async fn silent_from(word: &'static str) -> u16 {
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut socket = BufReader::new(socket);
        if !word.is_empty() {
            socket.write_all(b"220 mail.test\r\n").await.unwrap();
            let mut line = String::new();
            while socket.read_line(&mut line).await.unwrap() > 0 {
                let said = std::mem::take(&mut line);
                if said.trim_end() == word {
                    break;
                }
                let answer: &[u8] = match said.split_whitespace().next() {
                    Some("EHLO") => b"250-mail.test\r\n250 STARTTLS\r\n",
                    Some("DATA") => b"354 go on\r\n",
                    Some("MAIL" | "RCPT") => b"250 ok\r\n",
                    _ => b"",
                };
                socket.write_all(answer).await.unwrap();
            }
        }
        std::future::pending::<()>().await;
    });
    port
}

#[tokio::test]
async fn a_mail_server_that_goes_silent_is_not_waited_for() {
    let plain = || AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("localhost");
    let starttls = || encrypted("localhost", false).unwrap();
    let at_once = || encrypted("localhost", true).unwrap();
    let limit = Duration::from_millis(300);
    for (word, server) in [
        ("", plain()),
        (".", plain()),
        ("DATA", plain()),
        ("", starttls()),
        ("STARTTLS", starttls()),
        ("", at_once()),
    ] {
        let port = silent_from(word).await;
        let note = Message::builder()
            .from("a@msp.example".parse().unwrap())
            .to("b@msp.example".parse().unwrap())
            .body("note".to_owned())
            .unwrap();
        assert_eq!(
            deliver(server.port(port), note, limit).await,
            Err("the mail server did not answer in time".to_owned()),
            "{word}"
        );
    }
}
