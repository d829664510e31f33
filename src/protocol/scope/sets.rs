//! Ready sets of scopes, for `countersign scope load`: those that published programs already ask for.

/// A set by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeSet {
    /// What programs written for GitHub's OAuth ask for, with its hierarchy.
    Github,
    /// What programs written for django-oauth2-provider ask for: `read`, `write`, `read+write`.
    ReadWrite,
}

/// A scope of a set. Built by [`ScopeSet::scopes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// As asked for.
    pub name: &'static str,
    /// The heading it stands under on the consent page; empty for none.
    pub group: &'static str,
    /// What the consent page says under that heading.
    pub description: &'static str,
    /// Names that come with it, with spaces between.
    pub implies: &'static str,
    /// Shown in a box of its own and never given unasked.
    pub danger: bool,
}

impl ScopeSet {
    /// Every set.
    pub const ALL: &[Self] = &[Self::Github, Self::ReadWrite];

    /// As the command line has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::ReadWrite => "read-write",
        }
    }

    /// Its scopes, in the order in which they are to be made.
    #[must_use]
    pub const fn scopes(self) -> &'static [Ready] {
        match self {
            Self::Github => GITHUB,
            Self::ReadWrite => READ_WRITE,
        }
    }
}

const fn mild(name: &'static str, group: &'static str, description: &'static str, implies: &'static str) -> Ready {
    Ready { name, group, description, implies, danger: false }
}

/// `write` comes with all three, as those programs expect: `"scope": "read write read+write"`.
const READ_WRITE: &[Ready] = &[
    mild("read", "", "Read your data", ""),
    mild("write", "", "Change your data", "read+write"),
    mild("read+write", "", "Read and change your data", "read write"),
];

const GITHUB: &[Ready] = &[
    mild(
        "repo",
        "Repositories",
        "Public and private",
        "repo:status repo_deployment public_repo repo:invite security_events",
    ),
    mild("repo:status", "Repositories", "Commit statuses", ""),
    mild("repo_deployment", "Repositories", "Deployments and their statuses", ""),
    mild("public_repo", "Repositories", "Public only", ""),
    mild("repo:invite", "Repositories", "Invitations", ""),
    mild("security_events", "Repositories", "Security alerts", ""),
    Ready { name: "delete_repo", group: "Repositories", description: "Delete them", implies: "", danger: true },
    mild("workflow", "Workflows", "Change workflow files", ""),
    mild("admin:repo_hook", "Repository webhooks", "Full control", "write:repo_hook"),
    mild("write:repo_hook", "Repository webhooks", "Read and write", "read:repo_hook"),
    mild("read:repo_hook", "Repository webhooks", "Read-only", ""),
    mild("admin:org", "Organizations and teams", "Full control", "write:org"),
    mild("write:org", "Organizations and teams", "Read and write", "read:org"),
    mild("read:org", "Organizations and teams", "Read-only", ""),
    mild("admin:org_hook", "Organization webhooks", "Full control", ""),
    mild("user", "Personal user data", "Full control", "read:user user:email user:follow"),
    mild("read:user", "Personal user data", "Profile information (read-only)", ""),
    mild("user:email", "Personal user data", "Email addresses (read-only)", ""),
    mild("user:follow", "Personal user data", "Follow and unfollow other people", ""),
    mild("admin:public_key", "SSH keys", "Full control", "write:public_key"),
    mild("write:public_key", "SSH keys", "Read and write", "read:public_key"),
    mild("read:public_key", "SSH keys", "Read-only", ""),
    mild("admin:gpg_key", "GPG keys", "Full control", "write:gpg_key"),
    mild("write:gpg_key", "GPG keys", "Read and write", "read:gpg_key"),
    mild("read:gpg_key", "GPG keys", "Read-only", ""),
    mild("gist", "Gists", "Read and write", ""),
    mild("notifications", "Notifications", "Read", ""),
    mild("write:discussion", "Team discussions", "Read and write", "read:discussion"),
    mild("read:discussion", "Team discussions", "Read-only", ""),
    mild("write:packages", "Packages", "Upload and read", "read:packages"),
    mild("read:packages", "Packages", "Read-only", ""),
    Ready { name: "delete:packages", group: "Packages", description: "Delete them", implies: "", danger: true },
    mild("project", "Projects", "Read and write", "read:project"),
    mild("read:project", "Projects", "Read-only", ""),
    mild("codespace", "Codespaces", "Create and manage", ""),
];
