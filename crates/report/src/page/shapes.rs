//! The shapes of verdicts, as outlines in a square of 16: drawn, because not every machine has the same glyphs.

/// A disc with a check mark cut out.
pub const CHECKED: &str =
    "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm3.6 4.7L7.2 11 4.3 8.3l1.1-1.2 1.7 1.5 3.2-3.9z";
/// Two arrows, up and down.
pub const ARROWS: &str = "M5 2 1.5 6H4v8h2V6h2.5zM11 14l3.5-4H12V2h-2v8H7.5z";
/// A disc with a question mark cut out.
pub const QUESTION: &str = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM7.1 11.2h1.8V13H7.1zM8 3.6c1.7 0 2.9 1 2.9 2.5 0 1.2-.7 1.8-1.3 \
                            2.3-.5.4-.7.6-.7 1.2v.5H7.1v-.6c0-1.3.7-1.9 1.3-2.4.4-.4.7-.6.7-1 0-.5-.4-.9-1.1-.9s-1.2.4-1.3 1.2L5 \
                            6.1c.2-1.5 1.4-2.5 3-2.5z";
/// A heart.
pub const HEART: &str = "M8 14S1.5 9.8 1.5 5.6A3.4 3.4 0 0 1 8 4.1a3.4 3.4 0 0 1 6.5 1.5C14.5 9.8 8 14 8 14z";
/// A disc, half of it hollow.
pub const HALF: &str = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 2v10A5 5 0 0 1 8 3z";
/// A disc with two bars cut out.
pub const PAUSED: &str = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM5.3 5h1.9v6H5.3zM8.8 5h1.9v6H8.8z";
/// A ring.
pub const RING: &str = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 2a5 5 0 1 1 0 10A5 5 0 0 1 8 3z";
/// An octagon with a cross cut out.
pub const CROSSED: &str = "M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1zM5.6 4.5 4.5 5.6 6.9 8l-2.4 2.4 1.1 1.1L8 9.1l2.4 2.4 \
                           1.1-1.1L9.1 8l2.4-2.4-1.1-1.1L8 6.9z";
/// A disc with a triangle cut out.
pub const PLAYING: &str = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM6.5 4.8 11.5 8l-5 3.2z";
/// A disc with a square cut out.
pub const STOPPED: &str = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM5.5 5.5h5v5h-5z";
/// A triangle with an exclamation mark cut out.
pub const WARNING: &str = "M8 1.5 15.3 14H.7zM7.2 6v4h1.6V6zM7.2 11v1.6h1.6V11z";
/// Three dots.
pub const DOTS: &str = "M2 6.5h3v3H2zM6.5 6.5h3v3h-3zM11 6.5h3v3h-3z";
/// A check mark.
pub const TICK: &str = "M6.3 12.5 2 8.2l1.3-1.3 3 3 6.4-6.4L14 4.8z";
