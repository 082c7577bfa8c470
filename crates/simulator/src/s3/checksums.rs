//! Checksums by each of S3's algorithms: of bytes, and of an object from those of its parts.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>

use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto::{ChecksumAlgorithm, ChecksumType};
use s3s::{S3Result, s3_error};

/// The algorithms that S3 keeps a checksum by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(super) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// In S3's own word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// Of how many bytes it is.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The header that carries it.
    pub(super) fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name().to_ascii_lowercase())
    }

    pub(super) fn read(name: &str) -> S3Result<Self> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            s3_error!(
                InvalidRequest,
                "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, \
                 CRC64NVME, SHA1, SHA256]"
            )
        })
    }

    pub(super) fn dto(self) -> ChecksumAlgorithm {
        ChecksumAlgorithm::from_static(self.name())
    }

    /// The bits of a CRC and its polynomial with the lowest power first; `None` for a digest.
    fn crc(self) -> Option<(u32, u64)> {
        match self {
            Self::Crc32 => Some((32, 0xedb8_8320)),
            Self::Crc32c => Some((32, 0x82f6_3b78)),
            Self::Crc64Nvme => Some((64, 0x9a6c_9329_ac4b_c9b5)),
            Self::Sha1 | Self::Sha256 => None,
        }
    }
}

/// Whether a checksum is of the object's bytes, or of its parts' checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    FullObject,
    Composite,
}

impl Kind {
    pub(super) fn dto(self) -> ChecksumType {
        match self {
            Self::FullObject => ChecksumType::from_static(ChecksumType::FULL_OBJECT),
            Self::Composite => ChecksumType::from_static(ChecksumType::COMPOSITE),
        }
    }

    /// What a multipart upload gets that asks for an algorithm and for no type, and what it may ask for: CRC64NVME is of
    /// the full object only, SHA1 and SHA256 are composite only, the others are composite unless told otherwise.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html#ChecksumTypes>
    pub(super) fn of_upload(algorithm: Algorithm, asked: Option<&ChecksumType>) -> S3Result<Self> {
        let asked = asked.map(|kind| if kind.as_str() == ChecksumType::COMPOSITE { Self::Composite } else { Self::FullObject });
        match (algorithm, asked) {
            (Algorithm::Crc64Nvme, Some(Self::Composite)) => Err(s3_error!(
                InvalidRequest,
                "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm."
            )),
            (Algorithm::Sha1 | Algorithm::Sha256, Some(Self::FullObject)) => {
                let name = algorithm.name().to_ascii_lowercase();
                Err(s3_error!(InvalidRequest, "The FULL_OBJECT checksum type cannot be used with the {name} checksum algorithm."))
            }
            (Algorithm::Crc64Nvme, _) => Ok(Self::FullObject),
            (_, asked) => Ok(asked.unwrap_or(Self::Composite)),
        }
    }
}

/// The checksum of an object or of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checksum {
    pub(super) algorithm: Algorithm,
    pub(super) kind: Kind,
    pub(super) raw: Vec<u8>,
    /// How many parts a composite one is of.
    parts: usize,
}

impl Checksum {
    /// Of an object that came in one piece, or of a part.
    pub(super) fn whole(algorithm: Algorithm, raw: Vec<u8>) -> Self {
        Self { algorithm, kind: Kind::FullObject, raw, parts: 0 }
    }

    /// As S3 writes it: base64, and the number of parts behind a composite one.
    pub(super) fn text(&self) -> String {
        let text = base64(&self.raw);
        if self.kind == Kind::Composite { format!("{text}-{}", self.parts) } else { text }
    }

    /// Of a whole object, from the parts' checksums and lengths.
    pub(super) fn of_parts(algorithm: Algorithm, kind: Kind, parts: &[(Vec<u8>, u64)]) -> Self {
        let raw = match algorithm.crc() {
            Some((bits, polynomial)) if kind == Kind::FullObject => {
                let number = |raw: &[u8]| raw.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                let whole = parts.iter().fold(None, |before: Option<u64>, (raw, length)| {
                    let own = number(raw);
                    Some(before.map_or(own, |before| combine(bits, polynomial, before, own, *length)))
                });
                whole.unwrap_or_default().to_be_bytes()[8 - bits as usize / 8..].to_vec()
            }
            _ => {
                let mut hasher = Hasher::new(algorithm);
                parts.iter().for_each(|(raw, _)| hasher.update(raw));
                hasher.finish()
            }
        };
        Self { algorithm, kind, raw, parts: parts.len() }
    }
}

/// Writes a checksum into the member of an output that is named after its algorithm.
macro_rules! put_checksum {
    ($output:expr, $checksum:expr) => {{
        let text = Some($checksum.text());
        match $checksum.algorithm {
            $crate::s3::checksums::Algorithm::Crc32 => $output.checksum_crc32 = text,
            $crate::s3::checksums::Algorithm::Crc32c => $output.checksum_crc32c = text,
            $crate::s3::checksums::Algorithm::Crc64Nvme => $output.checksum_crc64nvme = text,
            $crate::s3::checksums::Algorithm::Sha1 => $output.checksum_sha1 = text,
            $crate::s3::checksums::Algorithm::Sha256 => $output.checksum_sha256 = text,
        }
    }};
}
pub(super) use put_checksum;

/// The CRC of two pieces in a row, from the CRC of each and the length of the second: the first one's is moved on by
/// as many zero bits, which is a multiplication by a power of x. Numbers hold the lowest power in their highest bit.
fn combine(bits: u32, polynomial: u64, first: u64, second: u64, length: u64) -> u64 {
    let top = 1_u64 << (bits - 1);
    let times = |mut a: u64, mut b: u64| {
        let mut product = 0;
        while a != 0 {
            if a & top != 0 {
                product ^= b;
            }
            a = (a & (top - 1)) << 1;
            b = if b & 1 == 1 { b >> 1 ^ polynomial } else { b >> 1 };
        }
        product
    };
    let (mut power, mut square, mut left) = (top, top >> 8, length);
    while left > 0 {
        if left & 1 == 1 {
            power = times(power, square);
        }
        square = times(square, square);
        left >>= 1;
    }
    times(first, power) ^ second
}

/// Computes a checksum as the bytes come.
pub(super) enum Hasher {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64Nvme(Crc64Nvme),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(Crc32::new()),
            Algorithm::Crc32c => Self::Crc32c(Crc32c::new()),
            Algorithm::Crc64Nvme => Self::Crc64Nvme(Crc64Nvme::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        match self {
            Self::Crc32(hasher) => hasher.update(data),
            Self::Crc32c(hasher) => hasher.update(data),
            Self::Crc64Nvme(hasher) => hasher.update(data),
            Self::Sha1(hasher) => hasher.update(data),
            Self::Sha256(hasher) => hasher.update(data),
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Crc32(hasher) => hasher.finalize().to_vec(),
            Self::Crc32c(hasher) => hasher.finalize().to_vec(),
            Self::Crc64Nvme(hasher) => hasher.finalize().to_vec(),
            Self::Sha1(hasher) => hasher.finalize().to_vec(),
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
        }
    }
}

/// Hexadecimal digits, as in an ETag.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base64 with padding: <https://www.rfc-editor.org/rfc/rfc4648#section-4>.
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let number = group.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * place) & 63) as usize] as char;
            text.push(if place <= group.len() { letter } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(algorithm: Algorithm, data: &[u8]) -> Vec<u8> {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(data);
        hasher.finish()
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        let pairs = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (plain, encoded) in pairs {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn a_crc_of_the_full_object_is_had_from_those_of_its_parts() {
        let whole: Vec<u8> = (0..10_000_u32).map(|number| ((number * number) >> 3) as u8).collect();
        let parts = [&whole[..1], &whole[1..7000], &whole[7000..7000], &whole[7000..]];
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let list: Vec<_> = parts.iter().map(|part| (of(algorithm, part), part.len() as u64)).collect();
            let combined = Checksum::of_parts(algorithm, Kind::FullObject, &list);
            assert_eq!(combined.raw, of(algorithm, &whole), "{algorithm:?}");
        }
    }

    #[test]
    fn a_composite_checksum_is_of_the_parts_checksums_and_says_how_many() {
        let parts = [(of(Algorithm::Sha256, b"a"), 1), (of(Algorithm::Sha256, b"b"), 1)];
        let composite = Checksum::of_parts(Algorithm::Sha256, Kind::Composite, &parts);
        assert_eq!(composite.raw, of(Algorithm::Sha256, &[parts[0].0.clone(), parts[1].0.clone()].concat()));
        assert!(composite.text().ends_with("=-2"), "{}", composite.text());
    }

    #[test]
    fn the_checksums_are_the_published_check_values() {
        // The check value of each CRC is that of "123456789": <https://reveng.sourceforge.io/crc-catalogue/all.htm>.
        assert_eq!(hex(&of(Algorithm::Crc32, b"123456789")), "cbf43926");
        assert_eq!(hex(&of(Algorithm::Crc32c, b"123456789")), "e3069283");
        assert_eq!(hex(&of(Algorithm::Crc64Nvme, b"123456789")), "ae8b14860a799888");
    }
}
