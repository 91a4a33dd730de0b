//! What differs from case to case: who, which entity, when. And where such a thing stands in a text.
//!
//! In: the texts of the reference case, and the number of a case. Out: [`Value`]s, and their texts for that case.
//! Everything follows from the seed; nobody here exists.

use crate::primitives::{Date, Instant, Sha256};

use super::template::{Scope, Source};

/// Something that a case decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A moment or day.
    Time { written: Written, since: Since },
    /// The identifier of the case.
    Case,
    /// The LEI of the entity.
    Lei,
    /// The LEI of the QVI.
    QviLei,
    /// The name of the QVI.
    QviName,
    /// The name of the entity.
    Name,
    /// The entity's entry in the commercial register.
    Register,
    /// The domain of the entity.
    Domain,
    /// A person's name.
    Person(u8),
    /// A person's name as it stands in an address.
    Mailbox(u8),
    /// The words of the challenge.
    Nonce,
    /// The words of the challenge, as a list in JSON.
    NonceList,
    /// A number that no other case has, in the identifier of a mail.
    Number,
    /// The number of the invoice.
    Invoice,
    /// Something random, 64 hexadecimal digits.
    Random(String),
    /// A place in the log of the QVI: so many after what stands there before the case.
    Place(u64, Number),
    /// The last event in the log of the QVI before the case.
    Prior,
    /// The events in the log of the QVI that belong to earlier cases.
    Earlier,
}

/// How a place in a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// As in events.
    Hexadecimal,
    /// As in records.
    Decimal,
    /// As attached.
    Qualified,
}

/// How time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// `2026-03-20T15:00:00`
    Instant(Instant),
    /// `Fri, 20 Mar 2026 15:00:00`
    Mail(Instant),
    /// `20260320150000`
    Digits(Instant),
    /// `2026-03-20`
    Date(Date),
    /// `20 March 2026`
    Words(Date),
}

/// With what a time moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Since {
    /// With the case.
    Case,
    /// With the qualification of the QVI.
    Qualification,
    /// With the LEI of the QVI.
    QviLei,
    /// With the year.
    Year,
}

impl Value {
    /// Who shares it.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Time { since: Since::Qualification | Since::QviLei | Since::Year, .. } => Scope::Year,
            Self::QviLei | Self::QviName => Scope::Qvi,
            Self::Time { since: Since::Case, .. }
            | Self::Case
            | Self::Lei
            | Self::Name
            | Self::Register
            | Self::Domain
            | Self::Person(_)
            | Self::Mailbox(_)
            | Self::Nonce
            | Self::NonceList
            | Self::Number
            | Self::Invoice
            | Self::Random(_)
            | Self::Place(..)
            | Self::Prior
            | Self::Earlier => Scope::Case,
        }
    }
}

/// The texts of the reference case that stand for values.
pub(super) const KNOWN: &[(&str, Value)] = &[
    ("LE-2026-017", Value::Case),
    ("254900OPPU84GM83MG36", Value::Lei),
    ("ACME AG", Value::Name),
    ("HRB 123456", Value::Register),
    ("acme.example", Value::Domain),
    ("Anna Berger", Value::Person(0)),
    ("Bruno Keller", Value::Person(1)),
    ("Carla Weiss", Value::Person(2)),
    ("Dieter Vogel", Value::Person(3)),
    ("Emil Sommer", Value::Person(4)),
    ("anna.berger", Value::Mailbox(0)),
    ("bruno.keller", Value::Mailbox(1)),
    ("carla.weiss", Value::Mailbox(2)),
    ("dieter.vogel", Value::Mailbox(3)),
    ("emil.sommer", Value::Mailbox(4)),
    ("Example QVI GmbH", Value::QviName),
    ("wise skate decline ozone dune differ yard animal raccoon busy creek network", Value::Nonce),
    (
        r#""wise","skate","decline","ozone","dune","differ","yard","animal","raccoon","busy","creek","network""#,
        Value::NonceList,
    ),
    (".4711@", Value::Number),
    ("2026-0031", Value::Invoice),
];

/// The day of the reference case on which the credential is signed.
pub(super) const SIGNED: (i16, i8, i8) = (2026, 3, 20);

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// The time that a text begins with, and how many bytes it takes.
pub(super) fn time(text: &str) -> Option<(usize, Value)> {
    let (length, written) = instant(text).or_else(|| mail(text)).or_else(|| digits(text)).or_else(|| words(text))?;
    let date = match written {
        Written::Instant(at) | Written::Mail(at) | Written::Digits(at) => at.date(),
        Written::Date(date) | Written::Words(date) => date,
    };
    Some((length, Value::Time { written, since: since(&date.to_string()) }))
}

/// With what a day of the reference case moves.
fn since(date: &str) -> Since {
    match date {
        "2025-10-27" | "2026-11-02" => Since::QviLei,
        "2026-09-15" => Since::Qualification,
        "2025-04-24" | "2036-03-31" => Since::Case,
        _ if date.starts_with("2025-09") => Since::Qualification,
        _ if ("2026-02-01".."2026-06-01").contains(&date) => Since::Case,
        _ => Since::Year,
    }
}

fn shaped(text: &str, shape: &str) -> Option<usize> {
    let bytes = text.as_bytes().get(..shape.len())?;
    let fits = bytes.iter().zip(shape.bytes()).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        other => *byte == other,
    });
    fits.then_some(shape.len())
}

fn instant(text: &str) -> Option<(usize, Written)> {
    if let Some(length) = shaped(text, "0000-00-00T00:00:00") {
        let at = format!("{}Z", text.get(..length)?).parse().ok()?;
        return Some((length, Written::Instant(at)));
    }
    let length = shaped(text, "0000-00-00")?;
    Some((length, Written::Date(text.get(..length)?.parse().ok()?)))
}

fn mail(text: &str) -> Option<(usize, Written)> {
    let length = shaped(text, "aaa, 00 aaa 0000 00:00:00")?;
    let month = MONTHS.iter().position(|month| text.get(8..11) == month.get(..3))? + 1;
    let at = format!("{}-{month:02}-{}T{}Z", text.get(12..16)?, text.get(5..7)?, text.get(17..25)?);
    Some((length, Written::Mail(at.parse().ok()?)))
}

fn digits(text: &str) -> Option<(usize, Written)> {
    let length = shaped(text, "20000000000000")?;
    let part = |from: usize, to: usize| text.get(from..to);
    let at = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    );
    Some((length, Written::Digits(at.parse().ok()?)))
}

fn words(text: &str) -> Option<(usize, Written)> {
    let day = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let rest = text.get(day..).filter(|_| day > 0)?.strip_prefix(' ')?;
    let (month, name) = MONTHS.iter().enumerate().find(|(_, name)| rest.starts_with(**name))?;
    let year = rest.get(name.len()..)?.strip_prefix(' ')?;
    shaped(year, "0000")?;
    let date = Date::new(year.get(..4)?.parse().ok()?, i8::try_from(month + 1).ok()?, text.get(..day)?.parse().ok()?)?;
    Some((day + 1 + name.len() + 5, Written::Words(date)))
}

/// One case, or what is shared by all of one QVI.
#[derive(Debug, Clone)]
pub(super) struct Subject<'y> {
    /// The seed of the year.
    pub seed: u64,
    pub year: i16,
    /// Which QVI, from 1 on.
    pub qvi: u32,
    /// Which case, from 1 on.
    pub case: u32,
    /// Days from the reference case to this one.
    pub days: i64,
    /// Minutes that the times of day differ.
    pub minutes: i64,
    /// How many events the log of the QVI has before what the case adds.
    pub place: u64,
    /// The digest of the last of them.
    pub prior: &'y str,
    /// Those of them that belong to earlier cases.
    pub earlier: &'y str,
    /// Another case whose words are used again.
    pub borrowed: Option<u32>,
}

impl Subject<'_> {
    /// A digest that follows from the seed and a label.
    fn random(&self, label: &str) -> Sha256 {
        Sha256::of(format!("countersign practice year\n{}\n{label}", self.seed).as_bytes())
    }

    fn random_in(&self, label: &str, count: usize) -> usize {
        let bytes = self.random(label);
        let bytes = bytes.as_bytes();
        let number =
            u64::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]]);
        usize::try_from(number % count.max(1) as u64).unwrap_or_default()
    }

    /// One of these, by a label.
    fn one<'t>(&self, label: &str, of: &[&'t str]) -> &'t str {
        of.get(self.random_in(&format!("{label} of case {}", self.case), of.len())).copied().unwrap_or_default()
    }

    fn moved(&self, at: Instant, since: Since) -> Instant {
        let moved = at.checked_add_days(self.days_since(since));
        let minutes = if since == Since::Case { self.minutes } else { 0 };
        let minutes = crate::primitives::Duration::from_seconds(minutes * 60);
        moved.and_then(|at| at.checked_add(minutes)).unwrap_or(at)
    }

    fn days_since(&self, since: Since) -> i64 {
        let between = |from: (i16, i8, i8), to: (i16, i8, i8)| {
            let days = |(year, month, day)| Date::new(year, month, day);
            days(from).zip(days(to)).map_or(0, |(from, to)| from.days_until(to))
        };
        match since {
            Since::Case => self.days,
            // On the last day of the year before, so that the year's cases need no further qualification.
            Since::Qualification => between((2025, 9, 15), (self.year - 1, 12, 31)),
            Since::QviLei => between((2026, 1, 1), (self.year, 3, 1)),
            Since::Year => between((2026, 1, 1), (self.year, 1, 1)),
        }
    }

    /// The moment of the reference case, in this one.
    pub fn at(&self, reference: Instant) -> Instant {
        self.moved(reference, Since::Case)
    }

    /// The first day on which the year's trust holds.
    pub fn trusted_from(&self, reference: Instant) -> Instant {
        self.moved(reference, Since::Qualification)
    }

    /// The identifier of the case.
    pub fn name(&self) -> String {
        format!("LE-{}-{:06}", self.year, self.case)
    }

    pub fn lei(&self) -> String {
        lei(&format!("254900{}{}", base36(u64::from(self.case), 5), self.letters(&format!("LEI {}", self.case), 7)))
    }

    fn qvi_lei(&self) -> String {
        lei(&format!("984500{}{}", base36(u64::from(self.qvi), 5), self.letters(&format!("QVI {}", self.qvi), 7)))
    }

    fn letters(&self, label: &str, count: usize) -> String {
        let random = self.random(label);
        random.as_bytes().iter().take(count).map(|byte| char::from(BASE36[usize::from(*byte) % 36])).collect()
    }

    fn company(&self) -> String {
        let (first, second) = (self.one("company", COMPANIES), self.one("business", BUSINESSES));
        format!("{first} {second} {}", self.one("form", &["AG", "GmbH", "SE", "KGaA"]))
    }

    fn domain(&self) -> String {
        format!("{}-{}.example", self.one("company", COMPANIES).to_lowercase(), self.case)
    }

    fn person(&self, index: u8) -> (&'static str, &'static str) {
        let first = FIRST_NAMES.chunks(FIRST_NAMES.len() / 5).nth(usize::from(index)).unwrap_or(FIRST_NAMES);
        (self.one(&format!("first name {index}"), first), self.one(&format!("last name {index}"), LAST_NAMES))
    }

    /// 192 bits in twelve words that can be spoken.
    fn nonce(&self) -> Vec<String> {
        let random = self.random(&format!("nonce of case {}", self.borrowed.unwrap_or(self.case)));
        random.as_bytes()[..24].chunks_exact(2).map(|pair| spoken(u16::from_be_bytes([pair[0], pair[1]]))).collect()
    }

    fn time(&self, written: Written, since: Since) -> String {
        let date = |date: Date| date.checked_add_days(self.days_since(since)).unwrap_or(date);
        match written {
            Written::Instant(at) => self.moved(at, since).to_string().trim_end_matches('Z').to_owned(),
            Written::Date(day) => date(day).to_string(),
            Written::Words(day) => {
                let text = date(day).to_string();
                let (year, month, day) = parts(&text);
                format!("{} {} {year}", day.trim_start_matches('0'), month_name(month))
            }
            Written::Mail(at) => {
                let at = self.moved(at, since);
                let text = at.to_string();
                let (year, month, day) = parts(&text);
                let epoch = Date::new(1970, 1, 1).map_or(0, |epoch| epoch.days_until(at.date()));
                let weekday = DAYS[usize::try_from(epoch.rem_euclid(7)).unwrap_or_default()];
                let name = month_name(month).get(..3).unwrap_or_default();
                format!("{weekday}, {day} {name} {year} {}", text.get(11..19).unwrap_or_default())
            }
            Written::Digits(at) => {
                let text = self.moved(at, since).to_string();
                text.chars().filter(char::is_ascii_digit).take(14).collect()
            }
        }
    }
}

impl Source for Subject<'_> {
    fn value(&self, value: &Value) -> String {
        match value {
            Value::Time { written, since } => self.time(*written, *since),
            Value::Case => self.name(),
            Value::Lei => self.lei(),
            Value::QviLei => self.qvi_lei(),
            Value::QviName => format!("Practice QVI {} GmbH", self.qvi),
            Value::Name => self.company(),
            Value::Register => format!("HRB {}", 100_000 + self.case),
            Value::Domain => self.domain(),
            Value::Person(index) => {
                let (first, last) = self.person(*index);
                format!("{first} {last}")
            }
            Value::Mailbox(index) => {
                let (first, last) = self.person(*index);
                format!("{first}.{last}").to_lowercase()
            }
            Value::Nonce => self.nonce().join(" "),
            Value::NonceList => self.nonce().iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(","),
            Value::Number => format!(".{}@", self.case),
            Value::Invoice => format!("{}-{:06}", self.year, self.case),
            Value::Random(label) => self.random(&format!("{label} of case {}", self.case)).to_string(),
            Value::Place(after, Number::Hexadecimal) => format!("{:x}", self.place + after),
            Value::Place(after, Number::Decimal) => (self.place + after).to_string(),
            Value::Place(after, Number::Qualified) => crate::keri::cesr::qualified_number(self.place + after),
            Value::Prior => self.prior.to_owned(),
            Value::Earlier => self.earlier.to_owned(),
        }
    }

    fn seed(&self, scope: Scope, label: &str) -> [u8; 32] {
        let whose = match scope {
            Scope::Year => "year".to_owned(),
            Scope::Qvi => format!("QVI {}", self.qvi),
            Scope::Case => format!("case {}", self.case),
        };
        *self.random(&format!("key of {whose}: {label}")).as_bytes()
    }
}

fn parts(date: &str) -> (&str, &str, &str) {
    (date.get(..4).unwrap_or_default(), date.get(5..7).unwrap_or_default(), date.get(8..10).unwrap_or_default())
}

fn month_name(number: &str) -> &'static str {
    let index = number.parse::<usize>().unwrap_or(1).saturating_sub(1);
    MONTHS.get(index).copied().unwrap_or(MONTHS[0])
}

const BASE36: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn base36(number: u64, length: u32) -> String {
    let digit = |place: u32| char::from(BASE36[(number / 36u64.pow(place) % 36) as usize]);
    (0..length).rev().map(digit).collect()
}

/// Adds the check digits of ISO 7064 MOD 97-10.
fn lei(first_18: &str) -> String {
    let remainder = format!("{first_18}00").bytes().fold(0u32, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        _ => (remainder * 100 + u32::from(byte.saturating_sub(b'A')) + 10) % 97,
    });
    format!("{first_18}{:02}", 98 - remainder)
}

/// Sixteen bits as consonant, vowel, consonant, vowel, consonant.
fn spoken(bits: u16) -> String {
    const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
    const VOWELS: &[u8; 4] = b"aiou";
    let consonant = |shift: u16| char::from(CONSONANTS[usize::from(bits >> shift & 15)]);
    let vowel = |shift: u16| char::from(VOWELS[usize::from(bits >> shift & 3)]);
    [consonant(12), vowel(10), consonant(6), vowel(4), consonant(0)].into_iter().collect()
}

const COMPANIES: &[&str] = &[
    "Nordwind",
    "Falkenau",
    "Rheintal",
    "Sonnberg",
    "Albatros",
    "Birkenfeld",
    "Cassiopeia",
    "Donauwerk",
    "Eichhof",
    "Fjordland",
    "Goldbach",
    "Hanseat",
    "Isarkiesel",
    "Jaspis",
    "Kranich",
    "Lindenhain",
    "Merkator",
    "Neckarblick",
    "Oderland",
    "Passat",
    "Quarzit",
    "Rotbuche",
    "Silberau",
    "Talisker",
    "Uferstein",
    "Vogelsang",
    "Waldkauz",
    "Xenolith",
    "Ypsilon",
    "Zinnober",
];
const BUSINESSES: &[&str] = &[
    "Logistik",
    "Anlagenbau",
    "Energie",
    "Werkzeuge",
    "Textil",
    "Papier",
    "Optik",
    "Medizintechnik",
    "Immobilien",
    "Versicherung",
    "Spedition",
    "Maschinen",
    "Glas",
    "Chemie",
    "Reederei",
    "Saatgut",
    "Brauerei",
    "Verlag",
    "Elektronik",
    "Verwaltung",
];
const FIRST_NAMES: &[&str] = &[
    "Anna", "Berta", "Clara", "Dora", "Elsa", "Frieda", "Greta", "Hanna", "Bruno", "Emil", "Felix", "Georg", "Hugo",
    "Jakob", "Karl", "Ludwig", "Carla", "Ida", "Johanna", "Klara", "Lena", "Marta", "Nora", "Paula", "Dieter",
    "Moritz", "Norbert", "Oskar", "Paul", "Robert", "Stefan", "Theo", "Rosa", "Sofie", "Thea", "Ulla", "Vera", "Wanda",
    "Yvonne", "Zita",
];
const LAST_NAMES: &[&str] = &[
    "Berger", "Keller", "Weiss", "Vogel", "Sommer", "Winter", "Brandt", "Fuchs", "Graf", "Haas", "Jung", "Kaiser",
    "Lang", "Moser", "Neumann", "Otto", "Peters", "Richter", "Seidel", "Thoma", "Ulrich", "Voigt", "Wagner", "Ziegler",
    "Arndt", "Busch", "Dietz", "Engel", "Frank", "Gross", "Horn", "Jahn", "Kraus", "Lorenz", "Marx", "Nagel",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::lei_check_digits_hold;

    #[test]
    fn times_are_found_as_they_are_written() {
        for (text, length) in [
            ("2026-03-20T15:00:00Z", 19),
            ("2026-03-20\"", 10),
            ("Fri, 20 Mar 2026 15:02:00 +0000", 25),
            ("20260302075958.4711", 14),
            ("5 March 2026.", 12),
            ("20 February 2026.", 16),
        ] {
            assert_eq!(time(text).map(|(length, _)| length), Some(length), "{text}");
        }
        assert_eq!(time("2026-03"), None);
        assert_eq!(time("20 Marchioness"), None);
    }

    #[test]
    fn a_case_that_does_not_move_is_written_as_it_was() {
        let subject = Subject {
            seed: 1,
            year: 2026,
            qvi: 1,
            case: 1,
            days: 0,
            minutes: 0,
            place: 2,
            prior: "",
            earlier: "",
            borrowed: None,
        };
        for text in ["2026-03-20T15:00:00", "2026-03-20", "Fri, 20 Mar 2026 15:02:00", "20260302075958", "5 March 2026"]
        {
            let (length, value) = time(text).unwrap();
            assert_eq!((length, subject.value(&value)), (text.len(), text.to_owned()));
        }
        assert!(lei_check_digits_hold(&subject.lei()));
        assert!(lei_check_digits_hold(&subject.qvi_lei()));
        assert_eq!(spoken(0x7f00), "lusab");
    }
}
