//! `[log]`: what is written about requests.

super::table::section! {
    /// What is written to the log.
    pub struct Log: "log" {
        /// `text`, `json`, or `auto`: text on a terminal, json otherwise.
        format: LogFormat = "auto";
        /// The least important line that is written.
        level: LogLevel = "info";
        /// How a client's address is written: `full`, `truncated` (to /24, or /48 for IPv6), or `none`.
        client_ip: ClientIp = "full";
    }
}

super::choice::choice! {
    /// How log lines are written.
    pub enum LogFormat {
        /// Text on a terminal, JSON otherwise.
        Auto = "auto",
        /// Text for people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

super::choice::choice! {
    /// The least important line that is written.
    pub enum LogLevel {
        /// What broke.
        Error = "error",
        /// And what may break.
        Warn = "warn",
        /// And what happened.
        Info = "info",
        /// And why.
        Debug = "debug",
        /// And how.
        Trace = "trace",
    }
}

super::choice::choice! {
    /// How a client's address is written.
    pub enum ClientIp {
        /// As it is.
        Full = "full",
        /// Its network: /24, or /48 for IPv6.
        Truncated = "truncated",
        /// Not at all.
        None = "none",
    }
}
