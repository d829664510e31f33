//! What went wrong, for people and for programs, and the exit code that says so (UX §2).

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::{
    config::ConfigErrors,
    flow::{
        self, Fault,
        admin::{AdminError, Noun},
        backup::BackupError,
        start::StartError,
    },
    store,
};

/// The exit codes, apart from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// It was tried and did not work.
    Failed = 1,
    /// The command is not one.
    Usage = 2,
    /// The configuration is invalid, or does not fit what is there.
    Configuration = 3,
    /// Somebody must sign in, or said no.
    Refused = 4,
    /// It is about something that is not there.
    NotFound = 5,
    /// It was to make something that is there.
    Exists = 6,
    /// Whoever started it does not want it any more.
    Interrupted = 130,
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    code: String,
    message: String,
    hint: Option<String>,
    /// The message says everything by itself, in several lines.
    is_report: bool,
}

impl Failure {
    pub(super) fn new(exit: Exit, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { exit, code: code.into(), message: message.into(), hint: None, is_report: false }
    }

    /// It was tried and did not work.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, "failed", message)
    }

    /// The command is not one.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// With what to do about it.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// What went wrong, in words.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// For people; `error` and `hint` are those words, coloured or not.
    pub(super) fn to_text(&self, error: &str, hint: &str) -> String {
        match &self.hint {
            _ if self.is_report => self.message.clone(),
            Some(words) => format!("{error}: {}\n {hint}: {words}", self.message),
            None => format!("{error}: {}", self.message),
        }
    }

    /// For programs.
    pub(super) fn to_json(&self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if let (Some(hint), Value::Object(members)) = (&self.hint, &mut error) {
            members.insert("hint".into(), hint.clone().into());
        }
        json!({ "error": error })
    }
}

/// What clap says: help and version are no failures.
pub(super) fn usage(error: &clap::Error, is_json: bool) -> ExitCode {
    if error.use_stderr() && is_json {
        let text = error.render().to_string();
        let mut parts = text.trim().split("\n\n").map(str::trim);
        let message = parts.next().unwrap_or_default().trim_start_matches("error: ");
        let tip = parts.find_map(|part| part.strip_prefix("tip: "));
        let failure = Failure::usage(message);
        let failure = match tip {
            Some(tip) => failure.hint(tip),
            None => failure,
        };
        eprintln!("{}", failure.to_json());
    } else {
        let _stream_closed = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        let remedies = errors.as_slice().iter().filter_map(|error| error.remedy_text());
        let hint = remedies.map(str::to_owned).next();
        let report = Self::new(Exit::Configuration, "configuration_invalid", errors.to_string());
        Self { hint, is_report: true, ..report }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let message = error.to_string();
        let (exit, code, hint) = match error {
            StartError::Taken(_) => (Exit::Failed, "already_serving", None),
            StartError::WrongKey => (Exit::Configuration, "secret_key_wrong", None),
            StartError::KeyLost(_) => (
                Exit::Configuration,
                "secret_key_lost",
                Some(
                    "if it is kept elsewhere, name its file with COUNTERSIGN_SECRET_KEY_FILE; a systemd credential is \
                     there for the service alone",
                ),
            ),
            StartError::WeakKey(_) => {
                (Exit::Configuration, "secret_key_weak", Some("make one: openssl rand -base64 32"))
            }
            StartError::Replica(_) => (
                Exit::Configuration,
                "replica_unusable",
                Some("name one physical standby of the database in database_url, or leave database_replica_url out"),
            ),
            StartError::Fetch(_) => (Exit::Configuration, "ca_file_unusable", None),
            StartError::File { .. } => (Exit::Configuration, "file_unusable", None),
            StartError::Store(error) => return error.into(),
            StartError::Other(error) => return error.into(),
        };
        let failure = Self::new(exit, code, message);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let message = error.to_string();
        let (exit, code, hint) = match error {
            BackupError::NotOneFile => (Exit::Failed, "not_supported", None),
            BackupError::Exists(_) => {
                (Exit::Exists, "file_exists", Some("a backup never overwrites anything; name another file"))
            }
            BackupError::NoFolder(_) => {
                (Exit::NotFound, "folder_not_found", Some("make it first, or name another place"))
            }
            BackupError::NoFile(_) => (Exit::NotFound, "file_not_found", Some("name what countersign db backup wrote")),
            BackupError::Occupied(_) => (
                Exit::Exists,
                "database_exists",
                Some(
                    "stop the server and move it away, with its -wal and -shm if they are there, or name another place",
                ),
            ),
            BackupError::LogBeside(_) => (
                Exit::Failed,
                "database_in_use",
                Some(
                    "it belongs to a database that is in use or was moved: keep the two together, and copy a \
                     database with countersign db backup only",
                ),
            ),
            BackupError::NoKey(_) => (
                Exit::Configuration,
                "secret_key_lost",
                Some(
                    "put the one that the backup was made with there, or name its file with \
                     COUNTERSIGN_SECRET_KEY_FILE; it is in no backup",
                ),
            ),
            BackupError::OtherKey(_) => (
                Exit::Configuration,
                "secret_key_wrong",
                Some("give the one of then; after a change of keys, the present one first and that one second"),
            ),
            BackupError::Foreign { .. } => {
                (Exit::Failed, "backup_unusable", Some("name what countersign db backup wrote"))
            }
            BackupError::Damaged { .. } => (Exit::Failed, "backup_damaged", Some("take another copy")),
            BackupError::Start(error) => return error.into(),
            BackupError::Store(error) => return error.into(),
        };
        let failure = Self::new(exit, code, message);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        let message = error.to_string();
        let (exit, code) = match error {
            store::Error::Damaged(_) => {
                let failure = Self::new(Exit::Failed, "database_damaged", message);
                return failure
                    .hint("put a copy in its place that countersign db backup made, and keep the damaged file");
            }
            store::Error::Full | store::Error::Unavailable(_) => (Exit::Failed, "database_unavailable"),
            store::Error::Newer(_) => (Exit::Configuration, "database_newer"),
            store::Error::NotMigrated => (Exit::Configuration, "database_not_migrated"),
            store::Error::Unreadable(_) => (Exit::Configuration, "database_unreadable"),
            store::Error::Unwritten(_) => (Exit::Failed, "copy_unwritten"),
        };
        Self::new(exit, code, message)
    }
}

impl From<flow::Error> for Failure {
    fn from(error: flow::Error) -> Self {
        match error {
            flow::Error::Fault(Fault::Store(error)) => error.into(),
            error => Self::failed(error.to_string()),
        }
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        match error {
            AdminError::NotFound { noun, .. } => {
                let failure = Self::new(Exit::NotFound, code, message);
                match where_listed(noun) {
                    Some(command) => failure.hint(format!("{command} shows what there is")),
                    None => failure,
                }
            }
            AdminError::Exists { noun, name } => {
                let failure = Self::new(Exit::Exists, code, message);
                match noun {
                    Noun::Client => failure.hint("choose another --id, or say --if-not-exists to leave it as it is"),
                    Noun::User => failure.hint(format!("see it with: countersign user show {name}")),
                    Noun::Scope if crate::protocol::scope::is_builtin(&name) => {
                        failure.hint("it is one of OpenID Connect's own, which are built in")
                    }
                    Noun::Scope => failure.hint(format!("change it with: countersign scope update {name}")),
                    Noun::Resource => failure.hint(format!("change it with: countersign resource update {name}")),
                    _ => failure,
                }
            }
            AdminError::Unfit { remedy, .. } => Self::new(Exit::Failed, code, message).hint(remedy),
            AdminError::Failed(error) => error.into(),
        }
    }
}

const fn where_listed(noun: Noun) -> Option<&'static str> {
    match noun {
        Noun::Client => Some("countersign client list"),
        Noun::User | Noun::Email => Some("countersign user list"),
        Noun::Scope => Some("countersign scope list"),
        Noun::Resource => Some("countersign resource list"),
        Noun::Key => Some("countersign keys list"),
        Noun::Grant => Some("countersign grant list"),
        Noun::Session => Some("countersign session list"),
        Noun::InitialAccessToken => Some("countersign client initial-access-token list"),
        Noun::Token => None,
    }
}
