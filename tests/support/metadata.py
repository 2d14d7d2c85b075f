"""Validates the metadata of a version with what their readers use.

Arguments: the folder of the validators' own files, then kind, path, kind, path, … Prints for each pair what is wrong with
it: a list of complaints, empty where nothing is. Whatever stops a validator is a complaint.
"""

import html.parser
import json
import logging
import sys
from pathlib import Path

FIXTURES = Path(sys.argv[1])


def profile(path):
    """A Data Package against the profiles of both editions of the standard."""
    from jsonschema import validators

    descriptor = json.loads(path.read_text())
    for edition in ("1.0", "2.0"):
        schema = json.loads((FIXTURES / f"datapackage-{edition}.schema.json").read_text())
        for error in validators.validator_for(schema)(schema).iter_errors(descriptor):
            yield f"{edition}: {list(error.absolute_path)}: {error.message[:200]}"


def package(path):
    """The CSV files of a Data Package: size, digest, and every cell against its schema."""
    from frictionless import Package

    tables = [resource for resource in Package(str(path)).resources if resource.format == "csv"]
    # Those that versions share are named by an address, which nobody serves here.
    tables = [resource for resource in tables if "://" not in resource.path]
    if not tables:
        yield "no CSV file"
    for resource in tables:
        report = resource.validate()
        yield from (f"{resource.name}: {row[0]}" for row in report.flatten(["message"])[:3])


def croissant(path):
    """Croissant as its own library reads it, and the records of a table as it gives them."""
    import mlcroissant

    logging.disable(logging.WARNING)
    dataset = mlcroissant.Dataset(jsonld=str(path))
    if dataset.metadata.ctx.conforms_to.value != "http://mlcommons.org/croissant/1.1":
        yield "not Croissant 1.1"
    declared = json.loads(path.read_text())
    for records in declared["recordSet"]:
        source = next(iter(records["field"]))["source"]["fileObject"]["@id"]
        file = next(file for file in declared["distribution"] if file["@id"] == source)
        if "://" in file["contentUrl"]:
            continue
        row = next(iter(dataset.records(records["@id"])), None)
        wanted = {field["@id"] for field in records["field"]}
        if row is not None and set(row) != wanted:
            yield f"{records['@id']}: the columns of the file are others"


def dataset(path):
    """A schema.org Dataset as search engines ask for it: what they require, and what they recommend."""
    told = json.loads(path.read_text())
    types = told.get("@type")
    if not {"Dataset", "sc:Dataset"} & set(types if isinstance(types, list) else [types]):
        yield "not a Dataset"
    for key in ("name", "license", "creator", "distribution", "temporalCoverage", "version", "keywords", "identifier",
                "isAccessibleForFree", "variableMeasured", "measurementTechnique", "url", "publisher"):
        if not told.get(key):
            yield f"no {key}"
    if not 50 <= len(told.get("description", "")) <= 5000:
        yield "the description has not 50 to 5000 characters"
    for file in told.get("distribution", []):
        for key in ("contentUrl", "encodingFormat", "sha256"):
            if not file.get(key):
                yield f"{file.get('name')}: no {key}"


def dcat(path):
    """DCAT-AP 3.0.1, by its own shapes."""
    import pyshacl
    import rdflib

    graph = rdflib.Graph().parse(path, format="json-ld", publicID=path.as_uri())
    for kind in ("Catalog", "Dataset", "Distribution"):
        if not list(graph.subjects(rdflib.RDF.type, rdflib.Namespace("http://www.w3.org/ns/dcat#")[kind])):
            # Shapes have nothing to say of what is not there.
            yield f"no {kind}"
    conforms, _, report = pyshacl.validate(graph, shacl_graph=str(FIXTURES / "dcat-ap-3.0.1-shacl.ttl"))
    if not conforms:
        yield report[:600]


def citation(path):
    """The Citation File Format, by its own validator."""
    from cffconvert import Citation

    Citation(path.read_text()).validate()
    return ()


class Outline(html.parser.HTMLParser):
    """What of a page can be checked without seeing it."""

    VOID = {"meta", "link", "br", "img", "hr", "input", "col"}

    def __init__(self):
        super().__init__()
        self.open, self.complaints, self.headings, self.ids, self.captions = [], [], [], [], 0

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        if tag not in self.VOID:
            self.open.append(tag)
        if "id" in told:
            self.ids.append(told["id"])
        if tag == "html" and not told.get("lang"):
            self.complaints.append("the page says no language")
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.captions += 1
        if tag == "caption":
            self.captions -= 1
        if tag == "th" and "scope" not in told:
            self.complaints.append("a header cell says not of what it is the header")
        if "src" in told or (tag == "link" and told.get("rel") != "canonical"):
            self.complaints.append(f"the page needs another file: {told}")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.complaints.append(f"</{tag}> closes nothing")


def page(path):
    """A page: well-formed, in one language, with headings in order, captions, and nothing fetched from elsewhere."""
    text = path.read_text()
    outline = Outline()
    outline.feed(text)
    yield from outline.complaints
    if outline.open:
        yield f"not closed: {outline.open}"
    if outline.headings.count(1) != 1 or outline.headings[0] != 1:
        yield "not one first heading"
    if any(after > before + 1 for before, after in zip(outline.headings, outline.headings[1:])):
        yield "a level of headings is left out"
    if outline.captions:
        yield "a table has no caption"
    if len(outline.ids) != len(set(outline.ids)):
        yield "an id stands twice"
    if "@import" in text or "url(" in text:
        yield "the style fetches something"


def tried(kind, path):
    try:
        return list(globals()[kind](Path(path)))
    except Exception as error:
        return [f"{type(error).__name__}: {error}"[:600]]


pairs = zip(sys.argv[2::2], sys.argv[3::2])
print(json.dumps([tried(*pair) for pair in pairs]))
