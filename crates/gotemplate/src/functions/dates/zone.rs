//! Time zones: UTC, fixed offsets, and names from the IANA database that is compiled in.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Where a time is read off.
#[derive(Debug, Clone)]
pub enum Zone {
    /// Universal time.
    Utc,
    /// The zone of the machine, as the caller's world tells it.
    Local(TimeZone),
    /// One offset for all time, as read from a text.
    Fixed {
        /// The abbreviation, possibly empty.
        name: String,
        /// Seconds east of Greenwich.
        offset: i64,
    },
    /// A zone of the IANA database.
    Named {
        /// Its name, such as `Europe/Prague`.
        name: String,
        /// Its rules.
        rules: TimeZone,
    },
}

/// What a zone says about one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub abbreviation: String,
    /// Seconds east of Greenwich.
    pub offset: i64,
    pub dst: bool,
}

impl Zone {
    /// The zone of that name; nothing where the database has none.
    ///
    /// The empty name is universal time. Names are case sensitive, as they are file names for Go.
    pub fn load(name: &str, local: TimeZone) -> Option<Self> {
        match name {
            "" | "UTC" => Some(Self::Utc),
            "Local" => Some(Self::Local(local)),
            _ => {
                let rules = TimeZoneDatabase::bundled().get(name).ok()?;
                (rules.iana_name() == Some(name)).then(|| Self::Named { name: name.to_owned(), rules })
            }
        }
    }

    /// The name as Go prints a location.
    pub fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Local(_) => "Local",
            Self::Fixed { name, .. } | Self::Named { name, .. } => name,
        }
    }

    /// Offset and abbreviation at a moment, in seconds since 1970.
    pub(super) fn at(&self, seconds: i64) -> Shown {
        match self {
            Self::Utc => Shown { abbreviation: "UTC".to_owned(), offset: 0, dst: false },
            Self::Fixed { name, offset } => Shown { abbreviation: name.clone(), offset: *offset, dst: false },
            Self::Local(rules) | Self::Named { rules, .. } => shown_by(rules, seconds),
        }
    }
}

fn shown_by(rules: &TimeZone, seconds: i64) -> Shown {
    // Beyond the years the database can count, the first and the last rule go on.
    let moment = match Timestamp::from_second(seconds) {
        Ok(moment) => moment,
        Err(_) if seconds < 0 => Timestamp::MIN,
        Err(_) => Timestamp::MAX,
    };
    let info = rules.to_offset_info(moment);
    Shown {
        abbreviation: info.abbreviation().to_owned(),
        offset: i64::from(info.offset().seconds()),
        dst: info.dst().is_dst(),
    }
}
