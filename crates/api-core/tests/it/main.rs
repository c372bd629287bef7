//! The crate as its users see it: over loopback sockets where the wire matters, from a script else.

#[cfg(test)]
mod exchange;
#[cfg(test)]
mod ids;
#[cfg(test)]
mod network;
#[cfg(test)]
mod parked;
#[cfg(test)]
mod redaction;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
