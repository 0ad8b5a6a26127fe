//! GB18030, which holds GBK and GB 2312: what an answer of a Chinese gateway may be written in.
//!
//! Source: <https://encoding.spec.whatwg.org/#gb18030-decoder>. The tables are made by `build.rs`.

/// The character of each pair of bytes; 0 where there is none.
const TWO_BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/two_bytes.bin"));

/// Where runs of characters of four bytes begin: a place, and the character there.
const FOUR_BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/four_bytes.bin"));

/// So many places of four bytes lie within the first plane of Unicode.
const FIRST_PLANE: u32 = 39_420;

/// The place of the first character beyond it.
const BEYOND: u32 = 189_000;

/// The text; `None` where bytes are no character.
pub(crate) fn decode(mut bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len());
    while let Some((&first, rest)) = bytes.split_first() {
        let (character, rest) = match (first, rest) {
            (..0x80, rest) => (char::from(first), rest),
            (0x80, rest) => ('€', rest),
            (0x81..=0xFE, [second @ b'0'..=b'9', third @ 0x81..=0xFE, fourth @ b'0'..=b'9', rest @ ..]) => {
                (of_four([first, *second, *third, *fourth])?, rest)
            }
            (0x81..=0xFE, [second, rest @ ..]) => (of_two(first, *second)?, rest),
            _ => return None,
        };
        text.push(character);
        bytes = rest;
    }
    Some(text)
}

fn of_two(first: u8, second: u8) -> Option<char> {
    let column = match second {
        0x40..=0x7E => second - 0x40,
        0x80..=0xFE => second - 0x41,
        _ => return None,
    };
    let place = usize::from(first - 0x81) * 190 + usize::from(column);
    let (pairs, _) = TWO_BYTES.as_chunks();
    let character = u16::from_le_bytes(*pairs.get(place)?);
    char::from_u32(character.into()).filter(|character| *character != '\0')
}

fn of_four(bytes: [u8; 4]) -> Option<char> {
    let [first, second, third, fourth] = bytes.map(u32::from);
    let place = (((first - 0x81) * 10 + second - 0x30) * 126 + third - 0x81) * 10 + fourth - 0x30;
    match place {
        ..FIRST_PLANE => {
            let (runs, _) = FOUR_BYTES.as_chunks();
            let runs = runs.iter().map(|[a, b, c, d]| {
                (u32::from(u16::from_le_bytes([*a, *b])), u32::from(u16::from_le_bytes([*c, *d])))
            });
            let (begins, character) = runs.take_while(|(begins, _)| *begins <= place).last()?;
            char::from_u32(character + place - begins)
        }
        BEYOND.. => char::from_u32(place - BEYOND + 0x1_0000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::GB18030;

    use super::decode;

    fn expected(bytes: &[u8]) -> Option<String> {
        GB18030.decode_without_bom_handling_and_without_replacement(bytes).map(Into::into)
    }

    #[test]
    fn every_one_and_every_pair_of_bytes_is_read_as_the_standard_has_it() {
        for first in 0..=0xFF {
            assert_eq!(decode(&[first]), expected(&[first]), "{first:x}");
            for second in 0..=0xFF {
                for bytes in [&[first, second][..], &[first, second, b'a'], &[first, second, b'0', b'0']] {
                    assert_eq!(decode(bytes), expected(bytes), "{bytes:x?}");
                }
            }
        }
    }

    #[test]
    fn all_four_bytes_are_read_as_the_standard_has_them() {
        for first in 0x80..=0xFF {
            for second in b'/'..=b':' {
                for third in 0x80..=0xFF {
                    for fourth in b'/'..=b':' {
                        let bytes = [first, second, third, fourth];
                        assert_eq!(decode(&bytes), expected(&bytes), "{bytes:x?}");
                    }
                }
            }
        }
    }

    #[test]
    fn texts_of_all_lengths_are_read() {
        let text = "店铺ID不存在𠮷€—ḿ";
        let bytes = GB18030.encode(text).0;
        assert_eq!(decode(&bytes), Some(text.to_owned()));
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), expected(&bytes[..length]), "{length}");
        }
    }
}
