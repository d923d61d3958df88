//! Random prime numbers.

use std::sync::LazyLock;

use num_bigint::BigUint;

use crate::World;

/// Primes up to here are sieved out before a number is tested in earnest.
const SIEVE_LIMIT: usize = 1 << 16;
/// How many candidates one run of the sieve looks at.
const WINDOW: usize = 4096;
/// Rounds with random bases, as FIPS 186-5 (table B.1) has them for primes of 1024 bits; longer ones need fewer.
const ROUNDS: usize = 5;

/// Odd primes below the limit.
static SMALL_PRIMES: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut composite = vec![false; SIEVE_LIMIT];
    let mut primes = Vec::new();
    for number in (3..SIEVE_LIMIT).step_by(2) {
        if !composite[number] {
            primes.push(number as u32);
            (number * number..SIEVE_LIMIT)
                .step_by(2 * number)
                .for_each(|multiple| composite[multiple] = true);
        }
    }
    primes
});

/// A prime of exactly so many bits whose two highest bits are set, so that two of them make a product of twice the
/// length.
pub(super) fn random_prime(world: &dyn World, bits: u64) -> BigUint {
    loop {
        let mut start = random_bits(world, bits);
        start.set_bit(bits - 1, true);
        start.set_bit(bits - 2, true);
        start.set_bit(0, true);
        if let Some(prime) =
            first_prime(world, &start, &BigUint::from(2u32)).filter(|prime| prime.bits() == bits)
        {
            return prime;
        }
    }
}

/// A prime of exactly so many bits that is one more than a multiple of `2 * divisor`.
pub(super) fn random_prime_above_multiple(world: &dyn World, bits: u64, divisor: &BigUint) -> BigUint {
    let step = divisor * 2u32;
    loop {
        let mut start = random_bits(world, bits);
        start.set_bit(bits - 1, true);
        let start = &start - &start % &step + 1u32;
        if start.bits() == bits
            && let Some(prime) = first_prime(world, &start, &step).filter(|prime| prime.bits() == bits)
        {
            return prime;
        }
    }
}

/// A number with so many random bits.
pub(super) fn random_bits(world: &dyn World, bits: u64) -> BigUint {
    let mut bytes = vec![0; bits.div_ceil(8) as usize];
    world.fill_random(&mut bytes);
    let unused = bytes.len() as u64 * 8 - bits;
    if let Some(first) = bytes.first_mut() {
        *first &= 0xff >> unused;
    }
    BigUint::from_bytes_be(&bytes)
}

/// A number from 1 to before `end`.
pub(super) fn random_below(world: &dyn World, end: &BigUint) -> BigUint {
    loop {
        let drawn = random_bits(world, end.bits());
        if drawn.bits() > 0 && drawn < *end {
            return drawn;
        }
    }
}

/// The first prime among `start`, `start + step` and so on, if there is one in the window.
fn first_prime(world: &dyn World, start: &BigUint, step: &BigUint) -> Option<BigUint> {
    let composite = sieve(start, step);
    composite
        .iter()
        .enumerate()
        .filter(|(_, composite)| !**composite)
        .map(|(at, _)| start + step * at)
        .find(|candidate| is_probable_prime(world, candidate))
}

/// Which numbers of the window have a small factor.
fn sieve(start: &BigUint, step: &BigUint) -> Vec<bool> {
    let mut composite = vec![false; WINDOW];
    for prime in SMALL_PRIMES.iter().copied() {
        let (first, step) = (rest_by(start, prime), rest_by(step, prime));
        let Some(inverse) = inverse(step, prime) else { continue };
        // start + at * step is a multiple for this `at`, and again every `prime` places.
        let at = u64::from(prime - first) * u64::from(inverse) % u64::from(prime);
        (at as usize..WINDOW).step_by(prime as usize).for_each(|multiple| composite[multiple] = true);
    }
    composite
}

fn rest_by(number: &BigUint, prime: u32) -> u32 {
    (number % prime).iter_u32_digits().next().unwrap_or(0)
}

/// What `number` must be multiplied with to give 1 modulo the prime; nothing for its multiples.
fn inverse(number: u32, prime: u32) -> Option<u32> {
    if number == 0 {
        return None;
    }
    // Fermat: number^(prime - 2).
    let (mut result, mut square, mut exponent) = (1u64, u64::from(number), prime - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * square % u64::from(prime);
        }
        square = square * square % u64::from(prime);
        exponent >>= 1;
    }
    Some(result as u32)
}

/// Miller and Rabin's test: with base 2 first, which nearly all composites fail.
fn is_probable_prime(world: &dyn World, number: &BigUint) -> bool {
    let two = BigUint::from(2u32);
    passes(number, &two)
        && (0..ROUNDS).all(|_| passes(number, &(random_below(world, &(number - 3u32)) + 1u32)))
}

fn passes(number: &BigUint, base: &BigUint) -> bool {
    let one = BigUint::from(1u32);
    let last = number - &one;
    let twos = last.trailing_zeros().unwrap_or(0);
    let mut power = base.modpow(&(&last >> twos), number);
    if power == one || power == last {
        return true;
    }
    for _ in 1..twos {
        power = &power * &power % number;
        if power == last {
            return true;
        }
    }
    false
}
