//! What an `S3Artifact`'s manifest may say, and what is said about the rest.

use crate::manifest_source::{agent, problems, read, snapshot};
use driftless_core::agent::{Agent, GitLab};
use driftless_core::desired::{ArchiveFormat, ArtifactPlace, ArtifactSource, S3Artifact, Spec};
use driftless_core::manifest;
use driftless_core::resource::{Kind, ResourceId};
use driftless_core::snapshot::{Entry, Revision};
use insta::assert_snapshot;

const HEAD: &str = "apiVersion: driftless/v1alpha1\nkind: S3Artifact\nmetadata: {name: site}\nspec:\n";

fn with_gitlab() -> Agent {
    let gitlab = GitLab { url: "https://gitlab.example.com".into(), project: "acme/deploy".into(), token_file: "token".into() };
    Agent { gitlab: Some(gitlab), ..agent() }
}

/// What is said of a manifest with these members of `spec`, beside a folder `public` and a file `app.zip`.
fn told(spec: &str) -> String {
    let files = [("site.yaml", format!("{HEAD}{spec}")), ("public/index.html", "<p>".into()), ("app.zip", "PK".into())];
    problems(&manifest::read(&snapshot(&files), &with_gitlab())).join("\n")
}

fn declared(spec: &str) -> S3Artifact {
    let files = [("a/site.yaml", format!("{HEAD}{spec}")), ("a/public/index.html", "<p>".into()), ("app.zip", "PK".into())];
    let desired = manifest::read(&snapshot(&files), &with_gitlab());
    assert_eq!(desired.errors, []);
    let Spec::S3Artifact(artifact) = &desired.resources[&ResourceId::new(Kind::S3Artifact, "site")].spec else {
        panic!("an artifact")
    };
    artifact.clone()
}

#[test]
fn a_folder_a_file_and_a_job_are_read() {
    let folder = declared(
        "  source: {path: public}\n  bucket: shop\n  prefix: site\n  sync: {delete: true, exclude: ['*'], include: ['*.html'], metadata: {Team: shop}}\n",
    );
    assert_eq!(folder.source, ArtifactSource::Path("a/public".into()));
    assert_eq!(folder.place, ArtifactPlace::Prefix("site/".into()), "a folder, with or without its slash");
    assert!(folder.sync.delete);
    assert_eq!(folder.sync.metadata["team"], "shop", "S3 keeps names in lower case");
    let file = declared("  source: {path: ../app.zip}\n  bucket: shop\n  key: releases/app.zip\n");
    assert_eq!(
        (file.source, file.place),
        (ArtifactSource::Path("app.zip".into()), ArtifactPlace::Key("releases/app.zip".into()))
    );
    let packed = declared("  source: {path: public}\n  bucket: shop\n  key: site.tgz\n  archive: tar.gz\n");
    assert_eq!(packed.archive, Some(ArchiveFormat::TarGz));
    let packed = declared("  source: {path: public}\n  bucket: shop\n  key: site.zip\n  archive: zip\n");
    assert_eq!(packed.archive, Some(ArchiveFormat::Zip));
    let job = declared("  source: {gitlabJob: {job: build, path: ./dist/}}\n  bucket: shop\n  prefix: ''\n");
    assert_eq!(job.source, ArtifactSource::GitLabJob { job: "build".into(), reference: None, path: "dist".into() });
    assert_eq!(job.place, ArtifactPlace::Prefix(String::new()));
}

#[test]
fn what_is_missing_or_excludes_each_other_is_told() {
    assert_snapshot!(told("  target: prod\n"), @r#"
    site.yaml:5:3: S3Artifact/site: `spec.bucket` is missing; it names the bucket that is pushed to
    site.yaml:5:3: S3Artifact/site: `spec.key` is missing; write `key: app.zip` for one object, or `prefix: site` for a folder (`prefix: ""` for the whole bucket)
    site.yaml:5:3: S3Artifact/site: `spec.source` is missing; what is pushed is expected: `source: {path: dist}` or `source: {gitlabJob: {job: build, path: dist}}`
    "#);
    assert_snapshot!(told("  source: {path: app.zip}\n  bucket: shop\n  kye: app.zip\n"), @"site.yaml:7:3: S3Artifact/site: there is no field `kye` in `spec`; did you mean `key`?");
    assert_snapshot!(told("  source: {path: public}\n  bucket: shop\n  prefx: site\n"), @"site.yaml:7:3: S3Artifact/site: there is no field `prefx` in `spec`; did you mean `prefix`?");
    assert_snapshot!(told("  source: {}\n  bucket: shop\n  key: a\n  prefix: b\n"), @"
    site.yaml:5:11: S3Artifact/site: `spec.source` is empty; what is pushed is expected: `source: {path: dist}` or `source: {gitlabJob: {job: build, path: dist}}`
    site.yaml:8:3: S3Artifact/site: `spec.key` and `spec.prefix` exclude each other: `key` is one object, `prefix` a folder of them
    ");
    assert_snapshot!(told("  source: {path: public, gitlabJob: {job: a, path: b}}\n  bucket: shop\n  prefix: b\n"), @"site.yaml:5:37: S3Artifact/site: `spec.source.path` and `spec.source.gitlabJob` exclude each other");
    assert_snapshot!(told("  source: {path: public}\n  bucket: shop\n  prefix: b\n  archive: zip\n"), @"site.yaml:7:3: S3Artifact/site: an archive is one object: write `spec.key` in place of `spec.prefix`");
    assert_snapshot!(told("  source: {path: app.zip}\n  bucket: shop\n  key: b\n  sync: {delete: true}\n"), @"site.yaml:8:10: S3Artifact/site: `spec.sync.delete` concerns a folder: with `spec.key` there is nothing else to delete");
}

#[test]
fn a_path_has_to_be_there_inside_and_of_the_right_kind() {
    assert_snapshot!(told("  source: {path: pubilc}\n  bucket: shop\n  prefix: b\n"), @"site.yaml:5:18: S3Artifact/site: there is neither a file nor a folder `pubilc` in the source (paths are relative to the manifest); did you mean `public`?");
    assert_snapshot!(told("  source: {path: ../x}\n  bucket: shop\n  prefix: b\n"), @"site.yaml:5:18: S3Artifact/site: `../x` leads out of the source's path; only files inside it can be named");
    assert_snapshot!(told("  source: {path: /etc}\n  bucket: shop\n  prefix: b\n"), @"site.yaml:5:18: S3Artifact/site: `/etc` is an absolute path; a path relative to the manifest is expected, inside the source's path");
    assert_snapshot!(told("  source: {path: app.zip}\n  bucket: shop\n  prefix: b\n"), @"site.yaml:5:18: S3Artifact/site: `app.zip` is a file; write `spec.key` in place of `spec.prefix`");
    assert_snapshot!(told("  source: {path: public}\n  bucket: shop\n  key: b\n"), @"site.yaml:5:18: S3Artifact/site: `public` is a folder; write `spec.prefix` in place of `spec.key`, or pack it with `archive: zip`");
    assert_snapshot!(told("  source: {path: app.zip}\n  bucket: shop\n  key: b\n  archive: zip\n"), @"site.yaml:5:18: S3Artifact/site: `app.zip` is a file; `spec.archive` packs a folder: remove it");
    assert_snapshot!(told("  source: {path: .}\n  bucket: shop\n  prefix: b\n"), @"site.yaml:5:18: S3Artifact/site: `.` holds this manifest itself, and what is pushed is read as no manifest; move one of the two to a folder of its own");
}

#[test]
fn a_symbolic_link_below_the_path_is_told_and_a_large_file_is_none() {
    let manifest = format!("{HEAD}  source: {{path: public}}\n  bucket: shop\n  prefix: b\n");
    let mut snapshot = snapshot(&[("site.yaml", &manifest), ("public/a", &"a".to_owned())]);
    snapshot.files.insert("public/large.bin".into(), Entry::TooLarge(300_000_000));
    snapshot.files.insert("public/more.bin".into(), Entry::Unloaded(3_000_000));
    assert_eq!(manifest::read(&snapshot, &agent()).errors, []);
    snapshot.files.insert("public/link".into(), Entry::Symlink);
    assert_snapshot!(problems(&manifest::read(&snapshot, &agent())).join("\n"), @"site.yaml:5:18: S3Artifact/site: `public/link` is a symbolic link, and links are not followed; put the file itself there; or leave it out by `sync.exclude`");
}

#[test]
fn names_and_headers_that_s3_does_not_take_are_told() {
    assert_snapshot!(told("  source: {path: app.zip}\n  bucket: s3://Shop/app\n  key: /a\n"), @"
    site.yaml:6:11: S3Artifact/site: `spec.bucket` is `s3://Shop/app`; a bucket's name has 3 to 63 lower case letters, digits, dots and hyphens, and begins and ends with a letter or digit; write the name alone: `Shop`
    site.yaml:7:8: S3Artifact/site: `spec.key` is `/a`; keys do not begin with a slash in S3: write it without
    ");
    assert_snapshot!(told("  source: {path: app.zip}\n  bucket: shop\n  key: dir/\n"), @"site.yaml:7:8: S3Artifact/site: `spec.key` is `dir/`; the object's whole key is expected, without a `/` at its end");
    assert_snapshot!(told("  source: {path: app.zip}\n  bucket: shop\n  key: a\n  sync: {cacheControl: ' x', storageClass: GLACIAL, serverSideEncryption: kms}\n"), @"
    site.yaml:8:24: S3Artifact/site: `spec.sync.cacheControl` is ` x`; printable ASCII without spaces around it is expected
    warning: site.yaml:8:44: S3Artifact/site: `spec.sync.storageClass` is `GLACIAL`; AWS accepts `STANDARD`, `REDUCED_REDUNDANCY`, `STANDARD_IA`, `ONEZONE_IA`, `INTELLIGENT_TIERING`, `GLACIER`, `DEEP_ARCHIVE` and `GLACIER_IR`, as far as this version knows, and it is sent as it is; did you mean `GLACIER`?
    warning: site.yaml:8:75: S3Artifact/site: `spec.sync.serverSideEncryption` is `kms`; AWS accepts `AES256`, `aws:kms` and `aws:kms:dsse`, as far as this version knows, and it is sent as it is; did you mean `aws:kms`?
    ");
    assert_snapshot!(told("  source: {path: app.zip}\n  bucket: shop\n  key: a\n  sync: {metadata: {driftless-x: a, 'a b': c, ort: Köln}}\n"), @"
    site.yaml:8:21: S3Artifact/site: `spec.sync.metadata.driftless-x`: names that begin with `driftless-` are the agent's, and `x-amz-meta-` is S3's own to add
    site.yaml:8:37: S3Artifact/site: `spec.sync.metadata.a b`: the name of metadata has letters, digits and hyphens
    site.yaml:8:52: S3Artifact/site: `spec.sync.metadata.ort` is `Köln`; printable ASCII without spaces around it is expected
    ");
    let long = format!(
        "  source: {{path: app.zip}}\n  bucket: shop\n  key: {}\n  sync: {{metadata: {{a: {}}}}}\n",
        "k".repeat(1025),
        "v".repeat(1400)
    );
    assert_snapshot!(told(&long), @"
    site.yaml:7:8: S3Artifact/site: `spec.key` has 1025 bytes; a key has at most 1024
    site.yaml:8:20: S3Artifact/site: `spec.sync.metadata` has 1401 bytes; S3 takes 2 KB, of which 1300 bytes are left beside the agent's own
    ");
}

#[test]
fn an_include_that_takes_nothing_back_is_a_warning() {
    assert_snapshot!(told("  source: {path: public}\n  bucket: shop\n  prefix: b\n  sync: {include: ['*.html']}\n"), @r#"warning: site.yaml:8:10: S3Artifact/site: `spec.sync.include` takes back what `exclude` leaves out, as in the AWS CLI, and nothing is left out here: add `exclude: ["*"]` to push only what is included"#);
}

#[test]
fn a_job_needs_a_gitlab_and_a_commit_or_a_branch() {
    let manifest = format!("{HEAD}  source: {{gitlabJob: {{job: build, path: dist}}}}\n  bucket: shop\n  prefix: b\n");
    assert_snapshot!(problems(&read(&[("site.yaml", &manifest)])).join("\n"), @"site.yaml:5:23: S3Artifact/site: a job's artifact is fetched from GitLab, and the agent's configuration has no `spec.gitlab`");
    let mut directory = snapshot(&[("site.yaml", &manifest)]);
    directory.revision = Revision::Directory { digest: "0123456789ab".into() };
    assert_snapshot!(problems(&manifest::read(&directory, &with_gitlab())).join("\n"), @"site.yaml:5:23: S3Artifact/site: the job of the commit being deployed is meant, and these manifests are read from a directory; name a branch by `ref`");
    assert_snapshot!(told("  source: {gitlabJob: {job: build, path: ../x}}\n  bucket: shop\n  prefix: b\n"), @"site.yaml:5:42: S3Artifact/site: `../x` leads out of the job's artifacts; only files inside it can be named");
}

#[test]
fn what_is_pushed_is_read_as_no_manifest() {
    let site = format!("{HEAD}  source: {{path: public}}\n  bucket: shop\n  prefix: b\n");
    let inner = format!("{HEAD}  source: {{path: more}}\n  bucket: shop\n  prefix: c\n").replace("name: site", "name: inner");
    let files = [
        ("site.yaml", site.as_str()),
        ("public/config.json", "[1, 2"),
        ("public/data.yaml", "- a list"),
        ("public/inner.yaml", inner.as_str()),
        ("public2/other.json", "[]"),
    ];
    let desired = read(&files);
    assert_eq!(desired.resources.keys().map(|id| id.name.as_str()).collect::<Vec<_>>(), ["site"]);
    // Its neighbour is none of what is pushed.
    assert_eq!(desired.errors.iter().map(|error| error.location.file.as_str()).collect::<Vec<_>>(), ["public2/other.json"]);
}

/// What is said of a folder `public` with these entries beside an index, and this `sync`.
fn told_of(entries: &[(&str, Entry)], sync: &str) -> String {
    let manifest = format!("{HEAD}  source: {{path: public}}\n  bucket: shop\n  prefix: b\n  sync: {{{sync}}}\n");
    let mut source = snapshot(&[("site.yaml", manifest.as_str()), ("public/index.html", "<p>")]);
    source.files.extend(entries.iter().map(|(path, entry)| ((*path).to_owned(), entry.clone())));
    problems(&manifest::read(&source, &agent())).join("\n")
}

#[test]
fn a_link_a_submodule_and_a_pointer_of_git_lfs_are_told_unless_they_are_excluded() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    let pointer = || Entry::File(pointer.as_bytes().to_vec());
    assert_snapshot!(told_of(&[("public/logo.png", pointer())], "delete: true"), @"site.yaml:5:18: S3Artifact/site: `public/logo.png`: it is a pointer of Git LFS, and the content it stands for is not in this repository; keep the file itself in Git (`git lfs untrack` its pattern and commit it anew), or let a CI job keep it as its artifact; or leave it out by `sync.exclude`");
    assert_snapshot!(told_of(&[("public/shared", Entry::Symlink)], "delete: true"), @"site.yaml:5:18: S3Artifact/site: `public/shared` is a symbolic link, and links are not followed; put the file itself there; or leave it out by `sync.exclude`");
    for (path, entry, exclude) in [
        ("public/logo.png", pointer(), "'*.png'"),
        ("public/shared", Entry::Symlink, "shared"),
        ("public/shared", Entry::Symlink, "'shared/*'"),
        ("public/theme", Entry::Submodule, "'theme/*'"),
    ] {
        assert_eq!(told_of(&[(path, entry.clone())], &format!("exclude: [{exclude}]")), "", "{path} {exclude}");
        assert_ne!(told_of(&[(path, entry)], "exclude: ['*.py']"), "", "{path}");
    }
    let manifest = format!("{HEAD}  source: {{path: app.zip}}\n  bucket: shop\n  key: app.zip\n");
    let mut source = snapshot(&[("site.yaml", manifest.as_str())]);
    source.files.insert("app.zip".into(), pointer());
    let said = problems(&manifest::read(&source, &agent())).join("\n");
    assert!(said.contains("Git LFS") && said.starts_with("site.yaml:5:"), "{said}");
}

#[test]
fn a_key_of_kms_needs_its_encryption_and_kms_without_a_key_is_told() {
    let told = |sync: &str| told(&format!("  source: {{path: app.zip}}\n  bucket: shop\n  key: a\n  sync: {{{sync}}}\n"));
    assert_snapshot!(told("serverSideEncryption: 'aws:kms'"), @"warning: site.yaml:8:10: S3Artifact/site: without `sseKmsKeyId` S3 encrypts with the AWS managed key `aws/s3`, also in a bucket that has a key of its own: name the key, or leave `serverSideEncryption` out to have what the bucket has");
    assert_snapshot!(told("sseKmsKeyId: alias/shop"), @"site.yaml:8:10: S3Artifact/site: `spec.sync.sseKmsKeyId` needs `serverSideEncryption: aws:kms` (or `aws:kms:dsse`) beside it");
    assert_snapshot!(told("serverSideEncryption: AES256, sseKmsKeyId: alias/shop"), @"site.yaml:8:40: S3Artifact/site: `spec.sync.sseKmsKeyId` names a key of KMS, and `serverSideEncryption` is AES256; write `serverSideEncryption: aws:kms`");
    assert_eq!(told("serverSideEncryption: 'aws:kms', sseKmsKeyId: alias/shop"), "");
    let sync = declared("  source: {path: public}\n  bucket: shop\n  prefix: b\n  sync: {serverSideEncryption: 'aws:kms:dsse', sseKmsKeyId: alias/shop}\n").sync;
    assert_eq!(sync.sse_kms_key_id.as_deref(), Some("alias/shop"));
}
