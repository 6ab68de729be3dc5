//! Resumable uploads as tus 1.0.0 has them, over real sockets: interrupted, killed, resumed, refused, swept.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::http::{Answer, get, send};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, body, fresh_key, post, upload};

const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
const PART: (&str, &str) = ("content-type", "application/offset+octet-stream");
/// What a crash may cost at most.
const SEGMENT: u64 = 8 << 20;

/// Bytes that begin like a PDF and repeat nowhere.
fn file(length: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend(
        (0u32..)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
            .take(length),
    );
    bytes.truncate(length);
    bytes
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

fn metadata(name: &str, kind: &str) -> String {
    format!(
        "filename {},filetype {}",
        BASE64.encode(name.as_bytes()),
        BASE64.encode(kind.as_bytes())
    )
}

async fn create(public: SocketAddr, length: usize, more: &[(&str, &str)], bytes: &[u8]) -> Answer {
    let (length, described) = (
        length.to_string(),
        metadata("申请书.pdf", "application/pdf"),
    );
    let mut headers = vec![
        TUS,
        ("upload-length", length.as_str()),
        ("upload-metadata", described.as_str()),
    ];
    headers.extend(more);
    send(
        public,
        "POST",
        "/api/v1/materials",
        &headers,
        bytes.to_vec(),
    )
    .await
}

/// Begins an upload; its path.
async fn created(public: SocketAddr, length: usize) -> String {
    let answer = create(public, length, &[], b"").await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(
        answer
            .header("upload-expires")
            .is_some_and(|d| d.ends_with(" GMT"))
    );
    answer.header("location").unwrap().to_owned()
}

async fn patch(
    public: SocketAddr,
    path: &str,
    offset: u64,
    more: &[(&str, &str)],
    bytes: &[u8],
) -> Answer {
    let offset = offset.to_string();
    let mut headers = vec![TUS, PART, ("upload-offset", offset.as_str())];
    headers.extend(more);
    send(public, "PATCH", path, &headers, bytes.to_vec()).await
}

async fn offset(public: SocketAddr, path: &str) -> u64 {
    let answer = send(public, "HEAD", path, &[TUS], "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("tus-resumable"), Some("1.0.0"));
    answer.header("upload-offset").unwrap().parse().unwrap()
}

/// A part of `length` bytes of which only these have been sent; the connection stays open.
async fn begin_part(
    public: SocketAddr,
    path: &str,
    at: u64,
    length: usize,
    bytes: &[u8],
) -> TcpStream {
    let mut stream = TcpStream::connect(public).await.unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nhost: x\r\ntus-resumable: 1.0.0\r\nupload-offset: {at}\r\n\
         content-type: application/offset+octet-stream\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

async fn state(public: SocketAddr, path: &str) -> Value {
    let answer = get(public, path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn refused(what: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.code(), code, "{what}");
    assert_eq!(answer.header("tus-resumable"), Some("1.0.0"), "{what}");
}

async fn nothing_panicked(hall: &Hall) {
    assert_eq!(hall.metric("tongban_http_panics_total", &[]).await, 0.0);
}

#[tokio::test]
async fn the_offer_says_what_is_spoken() {
    let hall = Hall::open(&[]).await;
    for path in ["/api/v1/materials", "/api/v1/materials/0123"] {
        let answer = send(hall.public, "OPTIONS", path, &[], "").await;
        assert_eq!(answer.status, 204);
        for (header, expected) in [
            ("tus-resumable", "1.0.0"),
            ("tus-version", "1.0.0"),
            (
                "tus-extension",
                "creation,creation-with-upload,checksum,termination,expiration",
            ),
            ("tus-checksum-algorithm", "sha1,sha256,md5"),
            ("tus-max-size", "209715200"),
        ] {
            assert_eq!(answer.header(header), Some(expected), "{path} {header}");
        }
    }
}

#[tokio::test]
async fn parts_become_a_material_that_an_application_takes() {
    let hall = Hall::open(&[("soap", &["--scenario", "immediate"])]).await;
    let bytes = file(150_000);
    let path = created(hall.public, bytes.len()).await;
    let shown = state(hall.public, &path).await;
    assert_eq!(
        (&shown["complete"], &shown["received"]),
        (&false.into(), &0.into())
    );
    let (one, two) = bytes.split_at(100_001);
    let first = patch(hall.public, &path, 0, &[], one).await;
    assert_eq!(
        (first.status, first.header("upload-offset")),
        (204, Some("100001"))
    );
    assert_eq!(offset(hall.public, &path).await, 100_001);
    let last = patch(hall.public, &path, 100_001, &[], two).await;
    assert_eq!(
        (last.status, last.header("upload-offset")),
        (204, Some("150000"))
    );
    // An answer that was lost is asked for again.
    assert_eq!(offset(hall.public, &path).await, 150_000);
    assert_eq!(
        patch(hall.public, &path, 150_000, &[], b"").await.status,
        204
    );
    let shown = state(hall.public, &path).await;
    assert_eq!(shown["complete"], true);
    assert_eq!(shown["sha256"], sha256(&bytes));
    let id = shown["id"].as_str().unwrap().to_owned();
    let taken = Taken::of(&post(hall.public, &fresh_key(), &body("soap", &[(1, id)])).await);
    hall.until_state(&taken, "closed").await;
    let gone = send(hall.public, "DELETE", &path, &[TUS], "").await;
    refused("what is bound stays", &gone, 409, "material_bound");
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn bytes_may_come_with_the_creation_and_an_empty_text_is_whole_at_once() {
    let hall = Hall::open(&[]).await;
    let bytes = file(5_000);
    let answer = create(hall.public, bytes.len(), &[PART], &bytes[..3_000]).await;
    assert_eq!(
        (answer.status, answer.header("upload-offset")),
        (201, Some("3000"))
    );
    let path = answer.header("location").unwrap();
    assert_eq!(
        patch(hall.public, path, 3_000, &[], &bytes[3_000..])
            .await
            .status,
        204
    );
    assert_eq!(state(hall.public, path).await["sha256"], sha256(&bytes));
    let whole = create(hall.public, bytes.len(), &[PART], &bytes).await;
    assert_eq!(
        (whole.status, whole.header("upload-offset")),
        (201, Some("5000"))
    );
    assert!(whole.header("upload-expires").is_none());
    let described = metadata("空.txt", "text/plain");
    let headers = [
        TUS,
        ("upload-length", "0"),
        ("upload-metadata", described.as_str()),
    ];
    let empty = send(hall.public, "POST", "/api/v1/materials", &headers, "").await;
    assert_eq!(empty.status, 201, "{}", empty.text());
    assert_eq!(
        state(hall.public, empty.header("location").unwrap()).await["complete"],
        true
    );
}

#[tokio::test]
async fn what_arrived_before_a_broken_connection_is_kept() {
    let hall = Hall::open(&[]).await;
    let bytes = file(200_000);
    let path = created(hall.public, bytes.len()).await;
    let stream = begin_part(hall.public, &path, 0, bytes.len(), &bytes[..70_001]).await;
    drop(stream);
    eventually("what arrived is told of", STATE_MAX, || async {
        (offset(hall.public, &path).await > 0).then_some(())
    })
    .await;
    let at = offset(hall.public, &path).await;
    assert_eq!(at, 70_001);
    let rest = &bytes[usize::try_from(at).unwrap()..];
    assert_eq!(patch(hall.public, &path, at, &[], rest).await.status, 204);
    assert_eq!(state(hall.public, &path).await["sha256"], sha256(&bytes));
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn an_upload_goes_on_after_kill_9_where_the_gateway_says() {
    let mut hall = Hall::open(&[]).await;
    let bytes = file(20 << 20);
    let path = created(hall.public, bytes.len()).await;
    let sent = 12 << 20;
    let stream = begin_part(hall.public, &path, 0, bytes.len(), &bytes[..sent]).await;
    eventually(
        "a segment is kept while the part still comes",
        STATE_MAX,
        || async { (offset(hall.public, &path).await >= SEGMENT).then_some(()) },
    )
    .await;
    let told = offset(hall.public, &path).await;
    hall.kill();
    drop(stream);
    hall.start().await;
    let at = offset(hall.public, &path).await;
    assert!(
        at >= told,
        "an offset that was told stays true: {at} < {told}"
    );
    assert!(at <= sent as u64, "never more than was sent: {at}");
    // In three parts, with a restart that asks nobody in between.
    let middle = usize::try_from(at).unwrap() + 100_003;
    let start = usize::try_from(at).unwrap();
    assert_eq!(
        patch(hall.public, &path, at, &[], &bytes[start..middle])
            .await
            .status,
        204
    );
    hall.kill();
    hall.start().await;
    assert_eq!(offset(hall.public, &path).await, middle as u64);
    let last = patch(hall.public, &path, middle as u64, &[], &bytes[middle..]).await;
    assert_eq!(last.status, 204, "{}", last.text());
    let shown = state(hall.public, &path).await;
    assert_eq!(
        (&shown["size"], &shown["sha256"]),
        (&bytes.len().into(), &sha256(&bytes).into())
    );
    // Nothing of an unfinished upload lies open on the disk, nor is a segment left.
    hall.kill();
    hall.start().await;
    assert_eq!(state(hall.public, &path).await["sha256"], sha256(&bytes));
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn partial_bytes_and_names_are_sealed_on_disk() {
    let hall = Hall::open(&[]).await;
    let secret = b"%PDF-1.7 IDENTITY-NUMBER-OF-SOMEBODY";
    let path = created(hall.public, 5_000).await;
    assert_eq!(patch(hall.public, &path, 0, &[], secret).await.status, 204);
    let files = crate::secrecy::files(&hall.data());
    assert!(
        files
            .iter()
            .any(|f| f.to_string_lossy().contains("materials"))
    );
    for file in files {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for needle in [&b"IDENTITY-NUMBER-OF-SOMEBODY"[..], "申请书.pdf".as_bytes()] {
            assert!(
                !bytes.windows(needle.len()).any(|w| w == needle),
                "{} holds it in clear",
                file.display()
            );
        }
    }
}

#[tokio::test]
async fn two_parts_at_once_are_one_part() {
    let hall = Hall::open(&[]).await;
    let bytes = file(10_000);
    let path = created(hall.public, bytes.len()).await;
    let mut first = begin_part(hall.public, &path, 0, bytes.len(), &bytes[..6_000]).await;
    eventually("the first one is being written", STATE_MAX, || async {
        let second = patch(hall.public, &path, 0, &[], b"").await;
        (second.status == 423).then_some(second)
    })
    .await;
    let second = patch(hall.public, &path, 0, &[], &bytes).await;
    refused("a second writer", &second, 423, "upload_locked");
    assert_eq!(second.header("retry-after"), Some("1"));
    let gone = send(hall.public, "DELETE", &path, &[TUS], "").await;
    refused("a termination meanwhile", &gone, 423, "upload_locked");
    first.write_all(&bytes[6_000..]).await.unwrap();
    let mut answer = vec![0; 12];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 204");
    assert_eq!(state(hall.public, &path).await["sha256"], sha256(&bytes));
}

#[tokio::test]
async fn a_part_that_differs_from_its_checksum_is_not_kept() {
    let hall = Hall::open(&[]).await;
    let bytes = file(9_000);
    let path = created(hall.public, bytes.len()).await;
    let (one, two) = bytes.split_at(4_500);
    let sha1 = |bytes: &[u8]| {
        let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        context.update(bytes);
        format!("sha1 {}", BASE64.encode(context.finish().as_ref()))
    };
    let sha2 = format!("sha256 {}", BASE64.encode(digest(&SHA256, two).as_ref()));
    let wrong = patch(
        hall.public,
        &path,
        0,
        &[("upload-checksum", &sha1(two))],
        one,
    )
    .await;
    refused("another part's checksum", &wrong, 460, "checksum_mismatch");
    assert_eq!(offset(hall.public, &path).await, 0);
    let right = patch(
        hall.public,
        &path,
        0,
        &[("upload-checksum", &sha1(one))],
        one,
    )
    .await;
    assert_eq!(right.status, 204, "{}", right.text());
    let wrong = patch(
        hall.public,
        &path,
        4_500,
        &[("upload-checksum", &sha2)],
        one,
    )
    .await;
    refused("the last part too", &wrong, 460, "checksum_mismatch");
    let right = patch(
        hall.public,
        &path,
        4_500,
        &[("upload-checksum", &sha2)],
        two,
    )
    .await;
    assert_eq!(right.status, 204, "{}", right.text());
    assert_eq!(state(hall.public, &path).await["sha256"], sha256(&bytes));
    let other = created(hall.public, 10).await;
    for bad in ["crc32 AAAA", "sha1 AAAA", "sha1"] {
        let answer = patch(
            hall.public,
            &other,
            0,
            &[("upload-checksum", bad)],
            b"%PDF-",
        )
        .await;
        refused(bad, &answer, 400, "bad_header");
    }
    assert_eq!(offset(hall.public, &other).await, 0);
}

#[tokio::test]
async fn every_wrong_creation_is_refused_with_its_reason() {
    let hall = Hall::open(&[]).await;
    let pdf = metadata("a.pdf", "application/pdf");
    let (path_name, script) = (
        metadata("../a.pdf", "application/pdf"),
        metadata("a.htm", "text/html"),
    );
    let no_type = format!("filename {}", BASE64.encode(b"a.pdf"));
    let length = ("upload-length", "10");
    let described = ("upload-metadata", pdf.as_str());
    for (what, headers, status, code) in [
        ("no version", vec![length, described], 412, "tus_version"),
        (
            "another version",
            vec![("tus-resumable", "0.2.2"), length, described],
            412,
            "tus_version",
        ),
        ("no length", vec![TUS, described], 400, "bad_header"),
        (
            "no number",
            vec![TUS, ("upload-length", "ten"), described],
            400,
            "bad_header",
        ),
        (
            "negative",
            vec![TUS, ("upload-length", "-1"), described],
            400,
            "bad_header",
        ),
        (
            "deferred",
            vec![TUS, ("upload-defer-length", "1"), described],
            400,
            "bad_header",
        ),
        (
            "too long",
            vec![TUS, ("upload-length", "209715201"), described],
            413,
            "body_too_large",
        ),
        ("no metadata", vec![TUS, length], 400, "bad_header"),
        (
            "no base64",
            vec![TUS, length, ("upload-metadata", "filename !")],
            400,
            "bad_header",
        ),
        (
            "name with a path",
            vec![TUS, length, ("upload-metadata", &path_name)],
            400,
            "bad_header",
        ),
        (
            "script",
            vec![TUS, length, ("upload-metadata", &script)],
            415,
            "media_type_not_allowed",
        ),
        (
            "no type",
            vec![TUS, length, ("upload-metadata", &no_type)],
            415,
            "media_type_not_allowed",
        ),
    ] {
        let answer = send(hall.public, "POST", "/api/v1/materials", &headers, "").await;
        refused(what, &answer, status, code);
        if status == 412 {
            assert_eq!(answer.header("tus-version"), Some("1.0.0"), "{what}");
        }
    }
    let form = [TUS, length, described, ("content-type", "application/pdf")];
    let answer = send(
        hall.public,
        "POST",
        "/api/v1/materials",
        &form,
        "%PDF-12345",
    )
    .await;
    refused(
        "bytes as something else",
        &answer,
        415,
        "offset_stream_expected",
    );
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn every_wrong_part_is_refused_with_its_reason_and_changes_nothing() {
    let hall = Hall::open(&[]).await;
    let path = created(hall.public, 10).await;
    assert_eq!(
        patch(hall.public, &path, 0, &[], b"%PDF-").await.status,
        204
    );
    let at = |text| ("upload-offset", text);
    let unchanged = path.clone();
    let nowhere = "/api/v1/materials/00000000000000000000000000000000";
    for (what, path, headers, bytes, status, code) in [
        (
            "no version",
            path.as_str(),
            vec![PART, at("5")],
            "12345",
            412,
            "tus_version",
        ),
        (
            "another version",
            &path,
            vec![("tus-resumable", "1.0.1"), PART, at("5")],
            "12345",
            412,
            "tus_version",
        ),
        (
            "no type",
            &path,
            vec![TUS, at("5")],
            "12345",
            415,
            "offset_stream_expected",
        ),
        (
            "another type",
            &path,
            vec![TUS, at("5"), ("content-type", "application/pdf")],
            "12345",
            415,
            "offset_stream_expected",
        ),
        (
            "no offset",
            &path,
            vec![TUS, PART],
            "12345",
            400,
            "bad_header",
        ),
        (
            "no number",
            &path,
            vec![TUS, PART, at("five")],
            "12345",
            400,
            "bad_header",
        ),
        (
            "before",
            &path,
            vec![TUS, PART, at("4")],
            "12345",
            409,
            "wrong_offset",
        ),
        (
            "beyond",
            &path,
            vec![TUS, PART, at("6")],
            "12345",
            409,
            "wrong_offset",
        ),
        (
            "too much",
            &path,
            vec![TUS, PART, at("5")],
            "123456",
            413,
            "beyond_length",
        ),
        (
            "unknown",
            nowhere,
            vec![TUS, PART, at("0")],
            "12345",
            404,
            "unknown_material",
        ),
        (
            "no id at all",
            "/api/v1/materials/..%2F..%2Fx",
            vec![TUS, PART, at("0")],
            "12345",
            404,
            "unknown_material",
        ),
    ] {
        let answer = send(hall.public, "PATCH", path, &headers, bytes).await;
        refused(what, &answer, status, code);
        assert_eq!(offset(hall.public, &unchanged).await, 5, "{what}");
    }
    for (method, what) in [("HEAD", "HEAD"), ("DELETE", "DELETE")] {
        let answer = send(hall.public, method, nowhere, &[TUS], "").await;
        assert_eq!(answer.status, 404, "{what}");
        let answer = send(
            hall.public,
            method,
            &path,
            &[("tus-resumable", "2.0.0")],
            "",
        )
        .await;
        assert_eq!(
            (answer.status, answer.header("tus-version")),
            (412, Some("1.0.0")),
            "{what}"
        );
    }
    assert_eq!(
        patch(hall.public, &path, 5, &[], b"12345").await.status,
        204
    );
    let more = patch(hall.public, &path, 10, &[], b"6").await;
    refused("after the end", &more, 413, "beyond_length");
    let again = patch(hall.public, &path, 5, &[], b"12345").await;
    refused("the last part again", &again, 409, "wrong_offset");
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn methods_may_be_named_by_a_header_where_patch_is_lost() {
    let hall = Hall::open(&[]).await;
    let bytes = file(100);
    let path = created(hall.public, bytes.len()).await;
    let over = |method| ("x-http-method-override", method);
    let headers = [TUS, PART, ("upload-offset", "0"), over("PATCH")];
    let answer = send(hall.public, "POST", &path, &headers, bytes[..60].to_vec()).await;
    assert_eq!(
        (answer.status, answer.header("upload-offset")),
        (204, Some("60"))
    );
    let answer = send(hall.public, "POST", &path, &[TUS, over("HEAD")], "").await;
    assert_eq!(
        (answer.status, answer.header("upload-offset")),
        (200, Some("60"))
    );
    let answer = send(hall.public, "POST", &path, &[TUS, over("PUT")], "").await;
    refused("another method", &answer, 405, "method_not_overridden");
    let answer = send(hall.public, "POST", &path, &[TUS, over("DELETE")], "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(
        send(hall.public, "HEAD", &path, &[TUS], "").await.status,
        404
    );
}

#[tokio::test]
async fn a_terminated_upload_is_gone_with_its_files() {
    let hall = Hall::open(&[]).await;
    let before = crate::secrecy::files(&hall.data().join("materials")).len();
    let path = created(hall.public, 10_000).await;
    assert_eq!(
        patch(hall.public, &path, 0, &[], &file(7_000)).await.status,
        204
    );
    let whole = format!(
        "/api/v1/materials/{}",
        upload(hall.public, b"%PDF-1.7").await
    );
    assert_eq!(
        crate::secrecy::files(&hall.data().join("materials")).len(),
        before + 2
    );
    for path in [&path, &whole] {
        assert_eq!(
            send(hall.public, "DELETE", path, &[TUS], "").await.status,
            204
        );
        assert_eq!(get(hall.public, path).await.status, 404);
    }
    assert_eq!(
        crate::secrecy::files(&hall.data().join("materials")).len(),
        before
    );
}

#[tokio::test]
async fn an_upload_that_lies_about_its_type_is_refused_and_both_types_are_named() {
    let hall = Hall::open(&[]).await;
    let name = ("x-file-name", "a.png");
    for (declared, bytes, looks_like) in [
        (
            "image/png",
            &b"%PDF-1.7 not a picture"[..],
            "application/pdf",
        ),
        (
            "application/pdf",
            b"MZ\x90\0\x03\0\0\0",
            "application/x-executable",
        ),
        ("application/pdf", b"", "an empty file"),
        ("image/jpeg", b"<html><script>", "text/html"),
        ("text/plain", b"\0\0\0\x01", "application/octet-stream"),
    ] {
        let headers = [("content-type", declared), name, ("accept-language", "en")];
        let answer = send(
            hall.public,
            "POST",
            "/api/v1/materials",
            &headers,
            bytes.to_vec(),
        )
        .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "content_differs_from_type"),
            "{declared}"
        );
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains(declared) && detail.contains(looks_like),
            "{detail}"
        );
    }
    // Byte by byte it does not come in either.
    let path = created(hall.public, 3).await;
    for (at, byte) in [(0, b"M"), (1, b"Z")] {
        assert_eq!(patch(hall.public, &path, at, &[], byte).await.status, 204);
    }
    let last = patch(hall.public, &path, 2, &[], b"\0").await;
    refused("the last byte", &last, 422, "content_differs_from_type");
    assert_eq!(get(hall.public, &path).await.status, 404);
    // Of a large one it is told at the beginning.
    let path = created(hall.public, 50_000_000).await;
    let first = patch(hall.public, &path, 0, &[], &[b'x'; 20_000]).await;
    refused("the first bytes", &first, 422, "content_differs_from_type");
}

#[tokio::test]
async fn a_client_has_its_caps() {
    let settings =
        "intake: { unbound_files_max: 3, unbound_bytes_max: 100000, uploads_at_once_max: 1 }\n";
    let hall = Hall::open_with(&[], settings).await;
    let too_many = create(hall.public, 100_001, &[], b"").await;
    refused("bytes announced", &too_many, 429, "upload_cap");
    assert_eq!(too_many.header("retry-after"), Some("3600"));
    let held = created(hall.public, 5_000).await;
    let other = created(hall.public, 5_000).await;
    upload(hall.public, b"%PDF-1.7").await;
    let fourth = create(hall.public, 10, &[], b"").await;
    refused("a fourth file", &fourth, 429, "upload_cap");
    let pdf = [
        ("content-type", "application/pdf"),
        ("x-file-name", "a.pdf"),
    ];
    let plain = send(hall.public, "POST", "/api/v1/materials", &pdf, "%PDF-1.7").await;
    assert_eq!((plain.status, plain.code().as_str()), (429, "upload_cap"));
    let bytes = file(5_000);
    let mut first = begin_part(hall.public, &held, 0, bytes.len(), &bytes[..1_000]).await;
    let second = eventually("the first one holds the place", STATE_MAX, || async {
        let answer = patch(hall.public, &other, 0, &[], b"").await;
        (answer.status != 204).then_some(answer)
    })
    .await;
    refused("a second one at once", &second, 429, "uploads_at_once");
    assert_eq!(second.header("retry-after"), Some("5"));
    first.write_all(&bytes[1_000..]).await.unwrap();
    let mut answer = vec![0; 12];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 204");
    assert_eq!(
        patch(hall.public, &other, 0, &[], &bytes[..10])
            .await
            .status,
        204
    );
    // What is removed makes room.
    assert_eq!(
        send(hall.public, "DELETE", &other, &[TUS], "").await.status,
        204
    );
    assert_eq!(create(hall.public, 10, &[], b"").await.status, 201);
}

#[tokio::test]
async fn after_a_day_what_nobody_bound_or_finished_is_swept_and_what_is_being_uploaded_is_not() {
    let hall = Hall::open(&[("soap", &["--scenario", "silent"])]).await;
    let bytes = file(8_000);
    let unfinished = created(hall.public, bytes.len()).await;
    assert_eq!(
        patch(hall.public, &unfinished, 0, &[], &bytes[..100])
            .await
            .status,
        204
    );
    let unbound = format!(
        "/api/v1/materials/{}",
        upload(hall.public, b"%PDF-1.7").await
    );
    let bound = upload(hall.public, b"%PDF-1.7 bound").await;
    let orphan = hall.data().join("materials/ab/abcdef");
    std::fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    std::fs::write(&orphan, "left behind").unwrap();
    Taken::of(
        &post(
            hall.public,
            &fresh_key(),
            &body("soap", &[(1, bound.clone())]),
        )
        .await,
    );
    let going_on = created(hall.public, bytes.len()).await;
    let mut stream = begin_part(hall.public, &going_on, 0, bytes.len(), &bytes[..100]).await;
    eventually("it is being written", STATE_MAX, || async {
        (patch(hall.public, &going_on, 0, &[], b"").await.status == 423).then_some(())
    })
    .await;
    hall.advance(23 * 3_600).await;
    assert_eq!(
        offset(hall.public, &unfinished).await,
        100,
        "not before its day is over"
    );
    hall.advance(2 * 3_600).await;
    eventually("the sweep", STATE_MAX, || async {
        (get(hall.public, &unfinished).await.status == 404).then_some(())
    })
    .await;
    for (what, count) in [("materials", 1.0), ("uploads", 1.0), ("files", 1.0)] {
        eventually(what, STATE_MAX, || async {
            let label = format!("what=\"{what}\"");
            (hall.metric("tongban_swept_total", &[&label]).await >= count).then_some(())
        })
        .await;
    }
    assert_eq!(get(hall.public, &unbound).await.status, 404);
    assert!(!orphan.exists());
    assert_eq!(
        state(hall.public, &format!("/api/v1/materials/{bound}")).await["bound"],
        true
    );
    stream.write_all(&bytes[100..]).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 204", "what was being uploaded is whole");
    let log = std::fs::read_to_string(hall.folder().join("gateway.log")).unwrap();
    assert!(log.contains("were removed"), "the operator reads of it");
}
