use std::io::Cursor;

use super::*;

fn members(names: &[(&str, bool)]) -> Vec<Member> {
    names
        .iter()
        .map(|(name, executable)| Member { name: (*name).into(), path: (*name).into(), executable: *executable })
        .collect()
}

fn packed(format: ArchiveFormat) -> Vec<u8> {
    let members = members(&[("appspec.yml", false), ("bin/run", true), ("wide/ü.txt", false)]);
    let open = |member: &Member| -> Result<_, io::Error> {
        let text = format!("this is {}\n", member.name).repeat(1000).into_bytes();
        let size = text.len() as u64;
        Ok((Cursor::new(text), size))
    };
    let blob = pack(format, &members, open).expect("packs");
    blob.range(0, blob.len()).expect("reads").to_vec()
}

#[test]
fn an_archive_is_the_same_bit_for_bit() {
    // A changed figure means that every archive in every bucket is pushed again once: raise PACKING then.
    for format in [ArchiveFormat::Zip, ArchiveFormat::TarGz] {
        assert_eq!(packed(format), packed(format));
        assert!(packed(format).len() < 3_000, "compressed");
    }
}

#[test]
fn a_zip_holds_names_bytes_modes_and_one_time() {
    let mut archive = zip::ZipArchive::new(Cursor::new(packed(ArchiveFormat::Zip))).expect("a zip");
    let names: Vec<String> = archive.file_names().map(|name| name.expect("UTF-8").into_owned()).collect();
    assert_eq!(names, ["appspec.yml", "bin/run", "wide/ü.txt"]);
    for (name, mode) in [("appspec.yml", 0o644), ("bin/run", 0o755), ("wide/ü.txt", 0o644)] {
        let mut file = archive.by_name(name).expect("is there");
        assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(mode));
        assert_eq!(file.last_modified(), Some(zip::DateTime::default()));
        let mut text = String::new();
        file.read_to_string(&mut text).expect("reads");
        assert_eq!(text, format!("this is {name}\n").repeat(1000));
    }
}

#[test]
fn a_tar_holds_names_bytes_modes_one_time_and_no_owner() {
    let bytes = packed(ArchiveFormat::TarGz);
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
    let mut seen = Vec::new();
    for entry in archive.entries().expect("a tar") {
        let mut entry = entry.expect("an entry");
        let header = entry.header();
        let facts = (header.mode().expect("mode"), header.mtime().expect("time"), header.uid().expect("uid"));
        let name = entry.path().expect("a name").display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("reads");
        assert_eq!(text, format!("this is {name}\n").repeat(1000));
        seen.push((name, facts));
    }
    let plain = (0o644, MODIFIED, 0);
    assert_eq!(seen, [("appspec.yml".into(), plain), ("bin/run".into(), (0o755, MODIFIED, 0)), ("wide/ü.txt".into(), plain)]);
}

#[test]
fn a_file_that_changes_while_it_is_packed_makes_no_archive() {
    for wrong in [3, 5] {
        let open = |_: &Member| -> Result<_, io::Error> { Ok((Cursor::new(b"four".to_vec()), wrong)) };
        let error = pack(ArchiveFormat::TarGz, &members(&[("a", false)]), open).err().expect("refused");
        assert!(error.to_string().contains("changed while it was packed"), "{error}");
    }
}

#[test]
fn inputs_differ_by_name_mode_bytes_and_format() {
    let of = |format, name: &str, executable, sha256: &str| {
        let member = Member { name: name.into(), path: "elsewhere".into(), executable };
        inputs(format, &[(member, sha256.into())])
    };
    let one = of(ArchiveFormat::Zip, "a", false, "1");
    assert_eq!(one, of(ArchiveFormat::Zip, "a", false, "1"));
    let others = [
        of(ArchiveFormat::TarGz, "a", false, "1"),
        of(ArchiveFormat::Zip, "b", false, "1"),
        of(ArchiveFormat::Zip, "a", true, "1"),
        of(ArchiveFormat::Zip, "a", false, "2"),
    ];
    assert!(others.iter().all(|other| *other != one));
}
