//! A server on loopback that answers as it is told and keeps what it was sent. It knows nothing of AWS.
