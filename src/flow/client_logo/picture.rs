//! A picture of our own, made of a stranger's bytes: small, without anything that was in them beside what is seen.
//!
//! The decoders are those of `image`, which are written without C. What they are given is bounded by what its header says
//! before anything is decoded, and one that panics has refused.

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgba, RgbaImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
    imageops,
};

/// Longest side of what is made, in pixels.
const SIDE: u32 = 256;
/// Longest side of what is taken, in pixels.
const MOST_SIDE: u32 = 4096;
/// Most pixels of what is taken.
const MOST_PIXELS: u64 = 4_000_000;
/// What a decoder may take for itself, in bytes: the most pixels at 16 bits a channel, twice.
const MOST_MEMORY: u64 = 64 * 1024 * 1024;

/// Why bytes are no logo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// Recognised by content, whatever it is called. A drawing in SVG is a program, and none of these.
    #[error("it is no PNG, JPEG, GIF or WebP picture")]
    Kind,
    /// Decoded it would take too much.
    #[error("the picture has more than 4 million pixels, or a side of more than 4096")]
    Large,
    /// Damaged, cut off, or of a kind that the decoder does not know.
    #[error("the picture cannot be read")]
    Broken,
}

/// A PNG of at most 256 × 256 pixels with nothing but pixels in it. Of several pictures in one it is the first.
///
/// # Errors
/// [`Unfit`].
pub(super) fn make(bytes: &[u8]) -> Result<Vec<u8>, Unfit> {
    catch_unwind(AssertUnwindSafe(|| encode(&scaled(decode(bytes)?)))).unwrap_or(Err(Unfit::Broken))
}

fn decode(bytes: &[u8]) -> Result<RgbaImage, Unfit> {
    let format = image::guess_format(bytes).map_err(|_| Unfit::Kind)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Gif | ImageFormat::WebP) {
        return Err(Unfit::Kind);
    }
    if format == ImageFormat::WebP && !lossy_frames(bytes).all(|(width, height)| fits(width, height)) {
        return Err(Unfit::Large);
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| reason(&error))?;
    let (width, height) = decoder.dimensions();
    if !fits(width, height) {
        return Err(Unfit::Large);
    }
    // a camera's picture says how it is to be turned; of other kinds hardly any does
    let turned = if format == ImageFormat::Jpeg { decoder.orientation().ok() } else { None };
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| reason(&error))?;
    if let Some(turned) = turned {
        picture.apply_orientation(turned);
    }
    Ok(picture.into_rgba8())
}

fn fits(width: u32, height: u32) -> bool {
    width.max(height) <= MOST_SIDE && u64::from(width) * u64::from(height) <= MOST_PIXELS
}

/// Width and height of whatever looks like a frame of VP8 (RFC 6386 §9.1, RFC 9649 §2.5): the decoder takes the memory of
/// one before it compares its size with the picture's.
fn lossy_frames(bytes: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    bytes.windows(18).filter_map(|window| match window {
        &[b'V', b'P', b'8', b' ', _, _, _, _, _, _, _, 0x9d, 0x01, 0x2a, narrow, wide, low, high] => {
            let side = |least, most| u32::from(u16::from_le_bytes([least, most]) & 0x3fff);
            Some((side(narrow, wide), side(low, high)))
        }
        _ => None,
    })
}

fn reason(error: &ImageError) -> Unfit {
    if matches!(error, ImageError::Limits(_)) { Unfit::Large } else { Unfit::Broken }
}

/// Not larger than [`SIDE`]; a smaller one stays as it is.
fn scaled(mut picture: RgbaImage) -> RgbaImage {
    if picture.width().max(picture.height()) <= SIDE {
        return picture;
    }
    // a colour counts as far as it is seen: the one of clear pixels must not stain the edge of the others
    for Rgba([red, green, blue, alpha]) in picture.pixels_mut() {
        for colour in [red, green, blue] {
            *colour = share(*colour, *alpha, u8::MAX);
        }
    }
    let filter = imageops::FilterType::Triangle;
    let mut small = DynamicImage::ImageRgba8(picture).resize(SIDE, SIDE, filter).into_rgba8();
    for Rgba([red, green, blue, alpha]) in small.pixels_mut().filter(|pixel| !matches!(pixel, Rgba([.., 0]))) {
        for colour in [red, green, blue] {
            *colour = share(*colour, u8::MAX, *alpha);
        }
    }
    small
}

/// `colour × part ÷ whole`, rounded.
fn share(colour: u8, part: u8, whole: u8) -> u8 {
    let (part, whole) = (u32::from(part), u32::from(whole));
    u8::try_from((u32::from(colour) * part + whole / 2) / whole).unwrap_or(u8::MAX)
}

fn encode(picture: &RgbaImage) -> Result<Vec<u8>, Unfit> {
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive);
    picture.write_with_encoder(encoder).map_err(|_| Unfit::Broken)?;
    Ok(png)
}

#[cfg(test)]
mod tests;
