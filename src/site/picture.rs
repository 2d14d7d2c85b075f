//! Pictures that stand for a page where it is shared: SVG in, PNG out. Text is set in the font beside this code and in no
//! other, nothing outside the SVG is read, and the same SVG gives the same bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Group, ImageHrefResolver, Node, Options, Tree};
use resvg::{tiny_skia, usvg};

/// Whatever family an SVG asks for.
const FAMILY: &str = "Inter";

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    let regular: &[u8] = include_bytes!("../../data/police/Inter-Regular.ttf");
    let bold: &[u8] = include_bytes!("../../data/police/Inter-Bold.ttf");
    for font in [regular, bold] {
        fonts.load_font_source(Source::Binary(Arc::new(font)));
    }
    fonts.set_sans_serif_family(FAMILY);
    fonts.set_serif_family(FAMILY);
    fonts.set_monospace_family(FAMILY);
    Arc::new(fonts)
});

/// The SVG as a PNG of the size it states, on white where it draws nothing.
///
/// # Errors
///
/// When it is not SVG or has no size, when a character of its text is not in the font, or when text runs over its edge.
pub fn png(svg: &str) -> Result<Vec<u8>, String> {
    let options = Options {
        font_family: FAMILY.to_owned(),
        fontdb: Arc::clone(&FONTS),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|error| format!("not an SVG to draw: {error}"))?;
    check(tree.root(), tree.size())?;
    let size = tree.size().to_int_size();
    let mut canvas = tiny_skia::Pixmap::new(size.width(), size.height()).ok_or("too large to draw")?;
    canvas.fill(tiny_skia::Color::WHITE);
    resvg::render(&tree, tiny_skia::Transform::identity(), &mut canvas.as_mut());
    let pixels: Vec<Colour> = canvas.pixels().iter().map(|at| [at.red(), at.green(), at.blue()]).collect();
    encode(size.width(), size.height(), &pixels).map_err(|error| format!("cannot write the PNG: {error}"))
}

/// Text that would be boxes, or cut.
fn check(group: &Group, size: usvg::Size) -> Result<(), String> {
    for node in group.children() {
        match node {
            Node::Group(group) => check(group, size)?,
            Node::Text(text) => {
                let glyphs = || text.layouted().iter().flat_map(|span| &span.positioned_glyphs);
                if let Some(glyph) = glyphs().find(|glyph| glyph.id.0 == 0) {
                    return Err(format!("not in the font: {:?}", glyph.text));
                }
                let place = text.abs_bounding_box();
                if place.left() < 0.0
                    || place.top() < 0.0
                    || place.right() > size.width()
                    || place.bottom() > size.height()
                {
                    let words: String = text.chunks().iter().map(usvg::TextChunk::text).collect();
                    return Err(format!("runs over the edge: {words:?}"));
                }
            }
            Node::Path(_) | Node::Image(_) => {}
        }
    }
    Ok(())
}

type Colour = [u8; 3];

/// How many a picture has at most. A palette could hold 256; the file is then a sixth larger, and no eye sees it.
const COLOURS: usize = 64;

fn encode(width: u32, height: u32, pixels: &[Colour]) -> Result<Vec<u8>, png::EncodingError> {
    let (palette, indices) = index(pixels);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(Cow::Owned(palette.concat()));
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_deflate_compression(png::DeflateCompression::Level(9));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&indices)?;
    writer.finish()?;
    Ok(bytes)
}

/// A palette, and where in it each pixel is. What fills areas is in it as it is; a rare colour, which is the edge of
/// something, may take the nearest.
fn index(pixels: &[Colour]) -> (Vec<Colour>, Vec<u8>) {
    let mut counts = BTreeMap::<Colour, u32>::new();
    for runs in pixels.chunk_by(|one, next| one == next) {
        *counts.entry(runs[0]).or_default() += u32::try_from(runs.len()).unwrap_or(u32::MAX);
    }
    let mut colours: Vec<(Colour, u32)> = counts.into_iter().collect();
    // The sort is stable: of two as frequent, the darker is first.
    colours.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let areas = colours.iter().take(COLOURS).filter(|(_, count)| *count as usize >= pixels.len() / 2000);
    let mut palette: Vec<Colour> = areas.map(|(colour, _)| *colour).collect();
    // Of the edges first those far from every other; then between them.
    for apart in [32_u32, 16, 8, 4, 1] {
        for (colour, _) in &colours {
            if palette.len() == COLOURS {
                break;
            }
            if palette.iter().all(|other| distance(*colour, *other) >= apart * apart) {
                palette.push(*colour);
            }
        }
    }
    let nearest = |colour: Colour| {
        (0..=u8::MAX).zip(&palette).min_by_key(|(_, other)| distance(colour, **other)).map_or(0, |(at, _)| at)
    };
    let places: BTreeMap<Colour, u8> = colours.iter().map(|(colour, _)| (*colour, nearest(*colour))).collect();
    let mut indices = Vec::with_capacity(pixels.len());
    for runs in pixels.chunk_by(|one, next| one == next) {
        indices.resize(indices.len() + runs.len(), places[&runs[0]]);
    }
    (palette, indices)
}

fn distance(one: Colour, other: Colour) -> u32 {
    one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
}
