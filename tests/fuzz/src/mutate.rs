//! Inputs made of others: bits flipped, ranges moved about, words of the target put in, numbers at their limits, and nesting
//! without end. All of it follows from one seed.

use std::ops::Range;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// The longest input, as a rule: more bytes make it slower, and hardly find more.
const LONGEST: usize = 32 * 1024;

/// The longest of all, made of one thing over and over: what is slow by the square of its length shows there.
const ENDLESS: usize = 512 * 1024;

/// One input of so many is of that kind.
const ENDLESS_ONE_IN: u32 = 4_000;

/// Numbers at the limits of what holds them.
const NUMBERS: [&str; 16] = [
    "0",
    "-0",
    "-1",
    "127",
    "255",
    "65536",
    "2147483647",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "170141183460469231731687303715884105728",
    "79228162514264337593543950336",
    "0.00000000000000000000000000001",
    "1e400",
    "1E-2147483649",
];

/// Depths about those at which parsers give up.
const DEPTHS: [usize; 10] = [1, 2, 40, 41, 80, 100, 101, 120, 128, 3_000];

/// Makes inputs.
pub struct Mutator<'a> {
    rng: StdRng,
    corpus: &'a [Vec<u8>],
    words: &'a [&'static str],
}

impl<'a> Mutator<'a> {
    /// Makes inputs of these, with these words. What it makes follows from the seed, and from what it is told.
    #[must_use]
    pub fn new(seed: u64, corpus: &'a [Vec<u8>], words: &'a [&'static str]) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), corpus, words }
    }

    /// One more input, made of the corpus or of `others`, which went far.
    pub fn make(&mut self, others: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.parent(others).to_vec();
        self.change(&mut input, others);
        // Mostly few changes: many leave nothing that could be read.
        while self.rng.random_ratio(3, 5) {
            self.change(&mut input, others);
        }
        input.truncate(LONGEST);
        if self.rng.random_ratio(1, ENDLESS_ONE_IN) {
            self.repeat_without_end(&mut input);
        }
        input
    }

    /// A place among so many.
    pub fn place(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count)
    }

    fn parent<'p>(&mut self, others: &'p [Vec<u8>]) -> &'p [u8]
    where
        'a: 'p,
    {
        let pool = if others.is_empty() || self.rng.random_ratio(1, 3) { self.corpus } else { others };
        if pool.is_empty() { &[] } else { &pool[self.rng.random_range(0..pool.len())] }
    }

    fn change(&mut self, input: &mut Vec<u8>, others: &[Vec<u8>]) {
        match self.rng.random_range(0..16) {
            0 => self.flip(input),
            1 => self.overwrite(input),
            2 => drop(input.drain(self.range(input))),
            3 => self.duplicate(input),
            4 | 5 => {
                let word = self.word();
                self.insert(input, word);
            }
            6 | 7 => {
                let word = self.word();
                self.replace(input, word);
            }
            8 | 9 => self.renumber(input),
            10 => self.splice(input, others),
            11 => {
                let parent = self.parent(others);
                let piece = parent[self.range(parent)].to_vec();
                self.insert(input, &piece);
            }
            12 => self.nest(input),
            13 | 14 => self.requote(input),
            _ => input.truncate(self.place_in(input)),
        }
    }

    fn flip(&mut self, input: &mut [u8]) {
        let bit = self.rng.random_range(0..8);
        let place = self.place_in(input);
        if let Some(byte) = input.get_mut(place) {
            *byte ^= 1 << bit;
        }
    }

    fn overwrite(&mut self, input: &mut [u8]) {
        let (byte, place) = (self.rng.random(), self.place_in(input));
        if let Some(there) = input.get_mut(place) {
            *there = byte;
        }
    }

    fn duplicate(&mut self, input: &mut Vec<u8>) {
        let piece = input[self.range(input)].to_vec();
        let times = self.rng.random_range(1..=3);
        self.insert(input, &piece.repeat(times));
    }

    fn splice(&mut self, input: &mut Vec<u8>, others: &[Vec<u8>]) {
        let parent = self.parent(others);
        let from = self.place_in(parent);
        input.truncate(self.place_in(input));
        input.extend_from_slice(&parent[from..]);
    }

    /// Another number in the place of one.
    fn renumber(&mut self, input: &mut Vec<u8>) {
        let start = self.place_in(input);
        let Some(first) = input[start..].iter().position(u8::is_ascii_digit).map(|at| start + at) else {
            return;
        };
        let length = input[first..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = NUMBERS[self.rng.random_range(0..NUMBERS.len())];
        input.splice(first..first + length, number.bytes());
    }

    /// Brackets around a piece, as deep as parsers go and deeper.
    fn nest(&mut self, input: &mut Vec<u8>) {
        let range = self.range(input);
        let depth = DEPTHS[self.rng.random_range(0..DEPTHS.len())];
        let (open, close) =
            [("[", "]"), ("{\"a\":", "}"), ("(", ")"), ("{a=", "}")][self.rng.random_range(0..4)];
        let nested =
            [open.repeat(depth).as_bytes(), &input[range.clone()], close.repeat(depth).as_bytes()].concat();
        input.splice(range, nested);
    }

    /// Something else between two quotes, or after a colon: what stays well-formed goes deeper.
    fn requote(&mut self, input: &mut Vec<u8>) {
        let start = self.place_in(input);
        let quote = |from: usize| input[from..].iter().position(|byte| *byte == b'"').map(|at| from + at);
        let Some((open, close)) = quote(start).and_then(|open| Some((open, quote(open + 1)?))) else {
            return;
        };
        let within = match self.rng.random_range(0..4) {
            0 => Vec::new(),
            1 => NUMBERS[self.rng.random_range(0..NUMBERS.len())].as_bytes().to_vec(),
            2 => self.word().iter().copied().filter(|byte| !matches!(byte, b'"' | b'\\' | b'\n')).collect(),
            _ => self.text_between_quotes(),
        };
        input.splice(open + 1..close, within);
    }

    /// What stands between two quotes of some input: another field's name, or its value.
    fn text_between_quotes(&mut self) -> Vec<u8> {
        let parent = self.parent(&[]);
        let mut texts = parent[self.place_in(parent)..].split(|byte| *byte == b'"').skip(1);
        texts.next().filter(|text| text.len() < 100).unwrap_or_default().to_vec()
    }

    fn repeat_without_end(&mut self, input: &mut Vec<u8>) {
        let piece = if self.rng.random() { self.word().to_vec() } else { input[self.range(input)].to_vec() };
        let most = ENDLESS / piece.len().max(1);
        let times = self.rng.random_range(0..=most);
        self.insert(input, &piece.repeat(times));
    }

    fn insert(&mut self, input: &mut Vec<u8>, piece: &[u8]) {
        let place = self.place_in(input);
        input.splice(place..place, piece.iter().copied());
    }

    fn replace(&mut self, input: &mut Vec<u8>, piece: &[u8]) {
        let range = self.range(input);
        input.splice(range, piece.iter().copied());
    }

    fn word(&mut self) -> &'static [u8] {
        if self.words.is_empty() {
            b""
        } else {
            self.words[self.rng.random_range(0..self.words.len())].as_bytes()
        }
    }

    /// A place in an input, its end included.
    fn place_in(&mut self, input: &[u8]) -> usize {
        self.rng.random_range(0..=input.len())
    }

    /// A range of an input: mostly a short one, so that most of it stays what it is.
    fn range(&mut self, input: &[u8]) -> Range<usize> {
        let start = self.place_in(input);
        let left = input.len() - start;
        let most = if self.rng.random_ratio(3, 4) { left.min(16) } else { left };
        start..start + self.rng.random_range(0..=most)
    }
}
