use clap::CommandFactory;

use super::{Cli, values};

#[test]
fn the_flags_do_not_contradict_each_other() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_two_examples_in_its_long_help() {
    fn walk(command: &clap::Command, path: &str, missing: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name());
        let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        let examples =
            help.split("Examples:").nth(1).unwrap_or_default().lines().filter(|line| line.contains("countersign"));
        if !command.has_subcommands() && examples.count() < 2 {
            missing.push(path.clone());
        }
        for below in command.get_subcommands() {
            walk(below, &path, missing);
        }
    }
    let mut missing = Vec::new();
    walk(&Cli::command(), "", &mut missing);
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn lives_are_whole_seconds_within_their_bounds() {
    for (text, seconds) in
        [("15m", Some(900)), ("1y", Some(31_536_000)), ("2y", None), ("0s", None), ("500ms", None), ("15", None)]
    {
        assert_eq!(values::access_ttl(text).ok().and_then(|ttl| ttl.0), seconds, "{text}");
    }
    assert_eq!(values::reuse_grace("0s"), Ok(values::OrDefault(Some(0))));
    assert_eq!(values::access_ttl("default"), Ok(values::OrDefault(None)));
}

#[test]
fn grants_may_stand_in_one_flag() {
    let names = |text: &str| values::grants(text).map(|all| all.0.iter().map(|grant| grant.name()).collect::<Vec<_>>());
    assert_eq!(names("password refresh_token").unwrap(), ["password", "refresh_token"]);
    assert_eq!(names("authorization_code,refresh_token").unwrap(), ["authorization_code", "refresh_token"]);
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    assert_eq!(names(&format!("device_code {device}")).unwrap(), [device, device], "a URN's last part will do");
    assert!(names("jwt_bearer").is_err());
    assert!(names("").is_err());
}
