use image::{GenericImageView, ImageBuffer};
use proptest::prelude::*;

use super::*;

const RED: [u8; 4] = [200, 30, 40, 255];

/// Red on the left, clear on the right.
fn half(width: u32, height: u32) -> RgbaImage {
    ImageBuffer::from_fn(width, height, |x, _| Rgba(if x < width / 2 { RED } else { [0, 255, 0, 0] }))
}

fn written(picture: &RgbaImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgba8(picture.clone());
    let picture = if format == ImageFormat::Jpeg { picture.into_rgb8().into() } else { picture };
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn made(bytes: &[u8]) -> DynamicImage {
    let png = make(bytes).unwrap();
    assert_eq!(image::guess_format(&png).unwrap(), ImageFormat::Png);
    image::load_from_memory(&png).unwrap()
}

const KINDS: [ImageFormat; 4] = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP];

fn is_red(pixel: Rgba<u8>) -> bool {
    pixel.0.iter().zip(RED).all(|(one, other)| one.abs_diff(other) < 30)
}

#[test]
fn each_kind_becomes_a_png_that_is_small_and_as_long_and_wide_as_before() {
    for format in KINDS {
        for ((width, height), size) in
            [((60, 20), (60, 20)), ((256, 256), (256, 256)), ((600, 300), (256, 128)), ((20, 300), (17, 256))]
        {
            let picture = made(&written(&half(width, height), format));
            assert_eq!(picture.dimensions(), size, "{format:?} {width}×{height}");
            assert!(is_red(picture.get_pixel(1, 1)), "{format:?} {:?}", picture.get_pixel(1, 1));
            let clear = picture.get_pixel(size.0 - 2, 1).0[3];
            assert_eq!(clear, if format == ImageFormat::Jpeg { 255 } else { 0 }, "{format:?}");
        }
    }
    assert_eq!(made(&written(&half(2000, 4), ImageFormat::Png)).dimensions(), (256, 1));
}

#[test]
fn what_is_clear_does_not_stain_the_edge_of_what_is_seen() {
    let picture = made(&written(&half(301, 301), ImageFormat::Png));
    let edge: Vec<_> =
        picture.pixels().map(|(.., pixel)| pixel).filter(|pixel| (40..216).contains(&pixel.0[3])).collect();
    assert!(!edge.is_empty());
    for pixel in edge {
        assert!(is_red(Rgba([pixel[0], pixel[1], pixel[2], 255])), "{pixel:?}");
    }
}

/// A chunk of PNG with its checksum.
fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let checked = [name.as_slice(), content].concat();
    let mut crc = u32::MAX;
    for byte in &checked {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let length = u32::try_from(content.len()).unwrap();
    [&length.to_be_bytes(), checked.as_slice(), &(!crc).to_be_bytes()].concat()
}

const PNG: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

fn header(width: u32, height: u32) -> Vec<u8> {
    let content = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    [PNG.as_slice(), &chunk(*b"IHDR", &content), &chunk(*b"IDAT", b"")].concat()
}

#[test]
fn nothing_goes_along_but_what_is_seen() {
    let png = written(&half(40, 40), ImageFormat::Png);
    let (start, rest) = png.split_at(33);
    let words = b"a secret mark";
    let text = chunk(*b"tEXt", &[b"Comment\0".as_slice(), words].concat());
    let exif = chunk(*b"eXIf", &[b"MM\0*\0\0\0\x08\0\0".as_slice(), words].concat());
    let tagged = [start, &text, &exif, rest, words].concat();
    let jpeg = written(&half(40, 40), ImageFormat::Jpeg);
    let comment = [b"\xff\xfe\0\x0f".as_slice(), words].concat();
    let exif = [b"\xff\xe1\0\x15Exif\0\0".as_slice(), words].concat();
    let commented = [&jpeg[..2], &comment, &exif, &jpeg[2..], words].concat();
    for bytes in [tagged, commented] {
        assert!(bytes.windows(words.len()).any(|window| window == words));
        let mut png = make(&bytes).unwrap();
        assert!(!png.windows(words.len()).any(|window| window == words));
        let mut names = Vec::new();
        png.drain(..PNG.len());
        while let Some((length, _)) = png.split_first_chunk() {
            let whole = 12 + usize::try_from(u32::from_be_bytes(*length)).unwrap();
            names.push(String::from_utf8(png.drain(..whole).as_slice()[4..8].to_vec()).unwrap());
        }
        names.dedup();
        assert_eq!(names, ["IHDR", "IDAT", "IEND"]);
    }
}

#[test]
fn a_cameras_picture_is_turned_as_it_says() {
    let jpeg = written(&half(60, 20), ImageFormat::Jpeg);
    let turned = b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let picture = made(&[&jpeg[..2], turned, &jpeg[2..]].concat());
    assert_eq!(picture.dimensions(), (20, 60));
    assert!(is_red(picture.get_pixel(5, 5)));
}

#[test]
fn what_is_no_picture_of_these_kinds_is_refused() {
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let xml = format!("<?xml version=\"1.0\"?>{svg}");
    for bytes in [svg, &xml, "<!doctype html><h1>404</h1>", "", "BM", "II*\0", "P3 1 1 255 0 0 0", "%PDF-1.7"] {
        assert_eq!(make(bytes.as_bytes()), Err(Unfit::Kind), "{bytes}");
    }
    for bytes in [b"\0\0\x01\0".as_slice(), b"BM\0\0\0\0\0\0\0\0\0\0\0\0", b"\0\0\0\x1cftypavif"] {
        assert_eq!(make(bytes), Err(Unfit::Kind), "{bytes:?}");
    }
}

#[test]
fn what_would_take_too_much_is_refused_by_its_header() {
    let side = |side: u16| [side.to_le_bytes(), side.to_le_bytes()].concat();
    let gif = [b"GIF89a".as_slice(), &side(60_000), b"\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\0;"].concat();
    let jpeg = written(&half(8, 8), ImageFormat::Jpeg);
    let at = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap() + 5;
    let jpeg = [&jpeg[..at], &[0xea, 0x60, 0xea, 0x60], &jpeg[at + 4..]].concat();
    // the frame is larger than what the file says the picture is
    let frame = [b"VP8 \x20\0\0\0\x10\0\0\x9d\x01\x2a".as_slice(), &side(16_383), &[0; 22]].concat();
    let canvas = [b"WEBPVP8X\x0a\0\0\0\0\0\0\0\x07\0\0\x07\0\0".as_slice(), &frame].concat();
    let webp = [b"RIFF".as_slice(), &u32::try_from(canvas.len()).unwrap().to_le_bytes(), &canvas].concat();
    for bytes in [&header(60_000, 60_000), &header(4097, 1), &header(2001, 2000), &gif, &jpeg, &webp] {
        assert_eq!(make(bytes), Err(Unfit::Large), "{bytes:?}");
    }
    // a frame that is larger than its screen is bounded as well
    let gif = [b"GIF89a".as_slice(), &side(8), &[0, 0, 0, b',', 0, 0, 0, 0], &side(65_535), &[0, 2, 0]].concat();
    assert!(make(&gif).is_err());
    assert_eq!(make(&header(2000, 2000)), Err(Unfit::Broken), "large enough, and nothing in it");
}

#[test]
fn what_is_cut_off_is_refused_or_a_picture_and_never_a_panic() {
    for format in KINDS {
        let bytes = written(&half(16, 16), format);
        assert!(make(&bytes).is_ok());
        for end in 0..bytes.len() {
            let cut = make(&bytes[..end]);
            assert!(format != ImageFormat::Png || cut.is_err() || end + 12 >= bytes.len(), "{end}");
        }
    }
}

#[test]
fn of_an_animation_the_first_picture_is_taken() {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
    let blue = ImageBuffer::from_pixel(30, 30, Rgba([0, 0, 250, 255]));
    encoder.encode_frames([half(30, 30), blue].map(image::Frame::new)).unwrap();
    drop(encoder);
    assert!(is_red(made(&bytes).get_pixel(2, 2)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_the_bytes_are_it_is_a_small_png_or_a_refusal(
        format in 0..5_usize,
        noise in prop::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        changed in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = KINDS.get(format).map_or_else(Vec::new, |format| written(&half(12, 9), *format));
        let place = at.index(bytes.len() + 1);
        let rest = bytes.split_off(place);
        bytes.extend_from_slice(&noise);
        bytes.extend_from_slice(&rest);
        bytes.push(0);
        for (at, byte) in &changed {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Ok(png) = make(&bytes) {
            let picture = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap();
            prop_assert!(picture.width().max(picture.height()) <= SIDE);
        }
    }
}
