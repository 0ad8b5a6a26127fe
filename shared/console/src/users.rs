//! Who may log in, with what right. Passwords stand nowhere: what is kept of one is its argon2 hash.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};

/// The setting that names them.
const SETTING: &str = "RELAY_CONSOLE_USERS";

/// A shorter password is guessed too soon.
const SHORTEST: usize = 10;

/// Nobody's password, by which it takes as long to refuse a name that is nobody's as one that is.
const NOBODYS: &str = "a password that nobody has";

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// See everything but personal data.
    Read,
    /// See and do everything.
    Operate,
}

impl Role {
    /// The role of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "read" => Some(Self::Read),
            "operate" => Some(Self::Operate),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
        }
    }
}

/// Somebody who may log in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// As PHC writes it: `$argon2id$v=19$m=19456,t=2,p=1$…`.
    hash: String,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

/// Everybody who may log in.
#[derive(Debug, Clone)]
pub struct Users {
    users: Vec<User>,
    nobodys: String,
}

impl Users {
    /// Reads `NAME:read|operate:HASH`, several of them on lines of their own or with semicolons between.
    ///
    /// # Errors
    /// Names the entry that cannot be read, without its hash, and says how one is made.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries = text.split([';', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
        let mut users: Vec<User> = Vec::new();
        for entry in entries {
            let (name, _) = entry.split_once(':').unwrap_or(("", ""));
            let user = user(entry).ok_or_else(|| {
                format!(
                    "{SETTING}: the entry of `{name}` is no NAME:read:HASH or NAME:operate:HASH: `relay console hash-password` \
                     makes one"
                )
            })?;
            if users.iter().any(|other| other.name == user.name) {
                return Err(format!("{SETTING}: `{name}` stands there twice"));
            }
            users.push(user);
        }
        if users.is_empty() {
            return Err(format!("{SETTING} names nobody: `relay console hash-password` makes an entry"));
        }
        // As dear as the first: where they differ, time tells no more than which of two settings a name has.
        let nobodys = with_parameters_of(&users[0].hash).unwrap_or_default();
        Ok(Self { users, nobodys })
    }

    /// The user of that name and password. It takes as long whether there is one or not.
    pub(crate) fn with(&self, name: &str, password: &str) -> Option<&User> {
        let user = self.users.iter().find(|user| user.name == name);
        let hash = user.map_or(self.nobodys.as_str(), |user| user.hash.as_str());
        let fits = PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        user.filter(|_| fits)
    }

    /// Their names and roles.
    pub fn listed(&self) -> impl Iterator<Item = (&str, Role)> {
        self.users.iter().map(|user| (user.name.as_str(), user.role))
    }

    /// The user of that name.
    pub(crate) fn named(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }
}

fn user(entry: &str) -> Option<User> {
    let mut parts = entry.splitn(3, ':');
    let (name, role, hash) = (parts.next()?.trim(), parts.next()?.trim(), parts.next()?.trim());
    let is_argon2 = PasswordHash::new(hash).is_ok_and(|hash| hash.algorithm.as_str().starts_with("argon2"));
    let user = User { name: name.to_owned(), role: Role::named(role)?, hash: hash.to_owned() };
    (!name.is_empty() && is_argon2).then_some(user)
}

/// A hash that is as dear as another.
fn with_parameters_of(hash: &str) -> Option<String> {
    let like = PasswordHash::new(hash).ok()?;
    let parameters = argon2::Params::try_from(&like).ok()?;
    let argon2 = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters);
    argon2.hash_password_with_salt(NOBODYS.as_bytes(), &[7; 16]).ok().map(|hash| hash.to_string())
}

/// An entry of the setting, for a user with that password.
///
/// # Errors
/// A name or a password that cannot be one.
pub fn entry(name: &str, role: Role, password: &str, salt: [u8; 16]) -> Result<String, String> {
    let is_name = !name.is_empty() && !name.contains([':', ';']) && !name.contains(char::is_whitespace);
    if !is_name {
        return Err(format!("`{name}` is no name: it has no spaces, colons and semicolons"));
    }
    if password.chars().count() < SHORTEST {
        return Err(format!("the password is shorter than {SHORTEST} letters"));
    }
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    let hash = hash.map_err(|error| format!("the password cannot be hashed: {error}"))?;
    Ok(format!("{name}:{}:{hash}", role.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_was_made_lets_its_user_in_and_nobody_else() {
        let li = entry("li", Role::Operate, "a long password", [1; 16]).unwrap();
        let wang = entry("王", Role::Read, "another password", [2; 16]).unwrap();
        let users = Users::parse(&format!("{li};\n{wang}\n")).unwrap();
        assert_eq!(users.with("li", "a long password").map(|user| user.role), Some(Role::Operate));
        assert_eq!(users.with("王", "another password").map(|user| user.role), Some(Role::Read));
        for (name, password) in
            [("li", "another password"), ("li", ""), ("zhao", "a long password"), ("", "")]
        {
            assert!(users.with(name, password).is_none(), "{name} {password}");
        }
        assert_eq!(users.listed().collect::<Vec<_>>(), [("li", Role::Operate), ("王", Role::Read)]);
        assert!(users.with("zhao", NOBODYS).is_none());
        assert!(users.nobodys.contains("m=19456,t=2,p=1"), "{}", users.nobodys);
        assert!(!format!("{users:?}").contains("a long password"));
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_named_without_its_hash() {
        let li = entry("li", Role::Read, "a long password", [1; 16]).unwrap();
        for wrong in
            ["li:admin:$argon2id$x", "li:read:plain-text", "li", ":read:$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"]
        {
            let told = Users::parse(wrong).unwrap_err();
            assert!(told.contains("relay console hash-password") && !told.contains("plain-text"), "{told}");
        }
        assert!(Users::parse(" \n;").unwrap_err().contains("names nobody"));
        assert!(Users::parse(&format!("{li}\n{li}")).unwrap_err().contains("twice"));
        assert!(entry("li", Role::Read, "short", [1; 16]).is_err());
        assert!(entry("l:i", Role::Read, "a long password", [1; 16]).is_err());
    }
}
