//! http
pub mod text;
