//! A disk that is full, and folders that nobody may write: nothing half, and finished when there is room again.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use countersign::gate::Code;
use countersign::store::{State, Store};

use super::kill::{PLACES, sound, whole};
use super::run::{Keys, Ran};
use super::world::World;

fn state(world: &World) -> Option<State> {
    Store::open(&world.store_path, true).unwrap().history().unwrap().first().map(|held| held.state)
}

/// Whatever is written there is refused by the disk; afterwards there is room.
#[test]
fn a_disk_that_is_full_at_any_place() {
    super::world::unmutated();
    let places =
        PLACES.iter().filter(|(place, ..)| ["store", "ledger", "write"].iter().any(|of| place.starts_with(of)));
    let mut counted = 0;
    for (place, visit, left) in places {
        let world = World::reference();
        world.lay_out();
        let mut command = world.command("sign", Keys::Open);
        command.env("COUNTERSIGN_REHEARSE_STOP", format!("{place} {visit} fail"));
        let full = Ran::of(command.output().unwrap());
        assert_eq!(full.status, Some(2), "{place} {visit}: {full:#?}");
        assert!(full.stderr.contains("countersign::"), "{place} {visit}: {}", full.stderr);
        sound(&world);
        assert_eq!(state(&world), *left, "{place} {visit}");
        let again = Ran::of(world.command("sign", Keys::Open).output().unwrap());
        assert_eq!(again.status, Some(0), "{place} {visit}: {again:#?}");
        whole(&world);
        counted += 1;
    }
    assert_eq!(counted, 12);
}

/// A real limit of the system on the size of any file: every write beyond it fails, wherever it comes.
#[test]
fn files_that_may_not_grow() {
    let mut states = Vec::new();
    // In blocks of 512 bytes.
    for blocks in [0, 1, 4, 16, 60, 70, 80, 120, 200, 300, 500, 800, 1200, 100_000] {
        let world = World::reference();
        world.lay_out();
        let command = world.command("sign", Keys::Open);
        let mut limited = Command::new("sh");
        limited.current_dir(world.folder.path());
        limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks} || exit 99; exec \"$0\" \"$@\"")]);
        limited.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => drop(limited.env(name, value)),
                None => drop(limited.env_remove(name)),
            }
        }
        let ran = Ran::of(limited.output().unwrap());
        assert!(matches!(ran.status, Some(0 | 2 | 4)), "{blocks}: {ran:#?}");
        sound(&world);
        assert_eq!(ran.status == Some(0), state(&world) == Some(State::Released), "{blocks}: {ran:#?}");
        states.push((blocks, ran.status, state(&world)));
        let again = Ran::of(world.command("sign", Keys::Open).output().unwrap());
        assert_eq!(again.status, Some(0), "{blocks}: {again:#?}");
        whole(&world);
    }
    assert_eq!(states.first().unwrap().2, None, "{states:?}");
    assert_eq!(states.last().unwrap().1, Some(0), "{states:?}");
    assert!(states.iter().any(|(_, status, state)| *status != Some(0) && state.is_some()), "{states:?}");
}

/// Somebody for whom permissions count: root may write anywhere.
const NOBODY: u32 = 65534;

fn is_root(world: &World) -> bool {
    fs::metadata(world.folder.path()).unwrap().uid() == 0
}

fn give_to_nobody(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give_to_nobody(&entry.unwrap().path());
        }
    }
}

/// The command, run by somebody who is not root.
fn unprivileged(world: &World) -> Command {
    let command = world.command("sign", Keys::Open);
    if !is_root(world) && fs::metadata(world.folder.path()).unwrap().uid() != NOBODY {
        return command;
    }
    // Where the build lies, others may not look.
    let program = world.folder.path().join("countersign");
    if !program.exists() {
        fs::copy(command.get_program(), &program).unwrap();
    }
    give_to_nobody(world.folder.path());
    let mut other = Command::new(program);
    other.args(command.get_args()).current_dir(world.folder.path()).uid(NOBODY).gid(NOBODY);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => drop(other.env(name, value)),
            None => drop(other.env_remove(name)),
        }
    }
    other
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_may_only_be_read() {
    // What, its mode and how it was; the exit status and how far the event came.
    let cases = [
        ("out", 0o555, 0o755, Some(2), Some(State::Logged)),
        ("ledger.jsonl", 0o444, 0o644, Some(2), Some(State::Decided)),
        ("store.sqlite", 0o444, 0o600, Some(4), None),
        // The folder of store and ledger: a database cannot be written without files beside it.
        ("", 0o555, 0o755, Some(4), None),
    ];
    for (name, locked, open, status, left) in cases {
        let world = World::reference();
        world.lay_out();
        fs::create_dir_all(world.folder.path().join("out")).unwrap();
        let mut command = unprivileged(&world);
        let path = world.folder.path().join(name);
        mode(&path, locked);
        let ran = Ran::of(command.output().unwrap());
        mode(&path, open);
        assert_eq!(ran.status, status, "{name}: {ran:#?}");
        sound(&world);
        assert_eq!(state(&world), left, "{name}");
        match name {
            "store.sqlite" => assert_eq!(ran.codes(), vec![Code::StoreReadOnly.to_string()]),
            "" => assert_eq!(ran.codes()[0], Code::NoStore.to_string()),
            _ => {}
        }
        let again = Ran::of(unprivileged(&world).output().unwrap());
        assert_eq!(again.status, Some(0), "{name}: {again:#?}");
        whole(&world);
    }
}

/// Evidence is read, never written.
#[test]
fn a_case_that_may_only_be_read_signs() {
    let world = World::reference();
    world.lay_out();
    let mut command = unprivileged(&world);
    let case = world.folder.path().join("case");
    for part in ["", "bundle", "decision"] {
        mode(&case.join(part), 0o555);
    }
    let ran = Ran::of(command.output().unwrap());
    for part in ["", "bundle", "decision"] {
        mode(&case.join(part), 0o755);
    }
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    whole(&world);
}
