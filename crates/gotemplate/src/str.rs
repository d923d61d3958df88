//! Go strings: bytes that are usually, but not always, UTF-8.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

/// The longest text that is kept inside the value itself.
const INLINE: usize = 16;

/// A short text in place. Aligned, so that values are moved word by word.
#[derive(Clone, Copy, Debug)]
#[repr(align(8))]
pub(crate) struct Short([u8; INLINE]);

/// A Go string: immutable bytes that are cheap to clone.
///
/// Up to 16 bytes live inside the value; longer ones are shared. As in Go the bytes need not be UTF-8
/// (`trunc` cuts in the middle of a character, `b64dec` yields anything).
#[derive(Clone)]
pub struct Str(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: Short },
    Shared(Rc<[u8]>),
    Constant(Arc<[u8]>),
}

impl Str {
    /// The empty string.
    pub const EMPTY: Str = Str(Repr::Inline { len: 0, bytes: Short([0; INLINE]) });

    /// Copies the bytes.
    #[inline]
    pub fn new(bytes: impl AsRef<[u8]>) -> Str {
        let bytes = bytes.as_ref();
        inline(bytes).unwrap_or_else(|| Str(Repr::Shared(bytes.into())))
    }

    /// The bytes of the string.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, bytes } => &bytes.0[..usize::from(*len)],
            Repr::Shared(bytes) => bytes,
            Repr::Constant(bytes) => bytes,
        }
    }

    /// The text; bytes that are not UTF-8 become U+FFFD, one for each byte, as when Go walks over a string.
    pub fn to_text(&self) -> Cow<'_, str> {
        match std::str::from_utf8(self.as_bytes()) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(crate::utf8::replace_invalid(self.as_bytes())),
        }
    }

    /// Length in bytes, as Go's `len`.
    #[inline]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there are no bytes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[inline]
fn inline(text: &[u8]) -> Option<Str> {
    let mut bytes = [0; INLINE];
    bytes.get_mut(..text.len())?.copy_from_slice(text);
    Some(Str(Repr::Inline { len: text.len() as u8, bytes: Short(bytes) }))
}

/// A string constant of a parsed template, which may be shared between threads.
#[derive(Clone, Debug)]
pub(crate) enum ConstStr {
    Inline { len: u8, bytes: Short },
    Constant(Arc<[u8]>),
}

impl ConstStr {
    pub(crate) fn new(text: &[u8]) -> ConstStr {
        match inline(text) {
            Some(Str(Repr::Inline { len, bytes })) => ConstStr::Inline { len, bytes },
            _ => ConstStr::Constant(text.into()),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            ConstStr::Inline { len, bytes } => &bytes.0[..usize::from(*len)],
            ConstStr::Constant(bytes) => bytes,
        }
    }

    #[inline]
    pub(crate) fn to_str(&self) -> Str {
        match self {
            ConstStr::Inline { len, bytes } => Str(Repr::Inline { len: *len, bytes: *bytes }),
            ConstStr::Constant(bytes) => Str(Repr::Constant(bytes.clone())),
        }
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Str {
        Str::new(text)
    }
}

impl From<String> for Str {
    fn from(text: String) -> Str {
        Str::from(text.into_bytes())
    }
}

impl From<&[u8]> for Str {
    fn from(bytes: &[u8]) -> Str {
        Str::new(bytes)
    }
}

impl From<Vec<u8>> for Str {
    fn from(bytes: Vec<u8>) -> Str {
        inline(&bytes).unwrap_or_else(|| Str(Repr::Shared(bytes.into())))
    }
}

impl From<Cow<'_, str>> for Str {
    fn from(text: Cow<'_, str>) -> Str {
        Str::new(text.as_bytes())
    }
}

impl From<char> for Str {
    fn from(c: char) -> Str {
        Str::from(&*c.encode_utf8(&mut [0; 4]))
    }
}

impl AsRef<[u8]> for Str {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<[u8]> for Str {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Str {
    #[inline]
    fn eq(&self, other: &Str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Str {}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Str) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str {
    #[inline]
    fn cmp(&self, other: &Str) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text())
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.to_text(), f)
    }
}
