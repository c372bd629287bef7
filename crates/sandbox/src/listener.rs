//! A TCP listener whose connections a handler can break, because a reset cannot be expressed as an HTTP answer.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The handle a request has on its own connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peer {
    broken: Arc<AtomicBool>,
}

impl Peer {
    /// From now on nothing is sent on this connection, and closing it is a TCP reset.
    pub(crate) fn break_connection(&self) {
        self.broken.store(true, Ordering::Release);
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }
}

impl Connected<IncomingStream<'_, Loopback>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Self {
        stream.remote_addr().clone()
    }
}

#[derive(Debug)]
pub(crate) struct Loopback {
    listener: TcpListener,
    stop: watch::Receiver<bool>,
}

impl Loopback {
    pub(crate) async fn bind(
        port: u16,
        stop: watch::Receiver<bool>,
    ) -> io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        Ok((Self { listener, stop }, address))
    }
}

impl Listener for Loopback {
    type Io = Connection;
    type Addr = Peer;

    async fn accept(&mut self) -> (Connection, Peer) {
        loop {
            if let Ok((tcp, _)) = self.listener.accept().await {
                // Small answers must not wait for the client's delayed acknowledgement. Failing is harmless.
                let _ = tcp.set_nodelay(true);
                let peer = Peer::default();
                return (Connection::new(tcp, peer.clone(), self.stop.clone()), peer);
            }
            // Out of file handles, for example: give the others time to close.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        self.listener.local_addr().map(|_| Peer::default())
    }
}

/// A connection that ends when its request breaks it or when the sandbox stops.
pub(crate) struct Connection {
    tcp: TcpStream,
    peer: Peer,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    stopped: bool,
}

impl Connection {
    fn new(tcp: TcpStream, peer: Peer, mut stop: watch::Receiver<bool>) -> Self {
        let stop = Box::pin(async move {
            // An error means that the sandbox is gone, which is the same.
            let _ = stop.wait_for(|stop| *stop).await;
        });
        Self {
            tcp,
            peer,
            stop,
            stopped: false,
        }
    }

    fn check(&self) -> io::Result<()> {
        if self.peer.is_broken() {
            Err(io::ErrorKind::ConnectionReset.into())
        } else {
            Ok(())
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.peer.is_broken() {
            // Without it the close would be an orderly one. Failing leaves just that.
            let _ = self.tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.stopped && self.stop.as_mut().poll(cx).is_ready() {
            self.stopped = true;
        }
        if self.stopped {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
}
