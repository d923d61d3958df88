//! Deep recursion without overflowing the thread's stack.

/// Runs `f` with room on the stack, on a new piece of it if need be.
///
/// How deep one may go is bounded elsewhere; this only makes the bound independent of the thread's stack size.
#[inline]
pub(crate) fn grow<T>(f: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, f)
}
