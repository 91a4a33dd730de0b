"""Opens pages that countersign wrote in Chromium and uses them as people do.

In: a folder with pages. `zero.html`, `five.html` and `eighty.html` have so many findings; `hostile.html` has evidence
that tries to be more than text; `pages.json` says what is in them. Out: a line per check, and exit status 1 with what is
wrong after the first that fails. COUNTERSIGN_CHROMIUM names the executable.
"""

import json
import os
import pathlib
import shutil
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import sync_playwright

WIDTHS = (360, 768, 1280)
SCHEMES = ("light", "dark")

# Registered before any script of the page.
WATCH = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""

OPEN_ALL = "for (const part of document.querySelectorAll('details')) part.open = true;"

# Text that can be read, with the colour behind it.
CONTRASTS = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => {
    const part = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    for (let part = element; part; part = part.parentElement) {
      const colour = parse(getComputedStyle(part).backgroundColor);
      if (colour.length && (colour.length < 4 || colour[3] > 0)) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  let count = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || ["SCRIPT", "STYLE", "title", "desc"].includes(element.tagName)) continue;
    if (!element.checkVisibility()) continue;
    count += 1;
    const style = getComputedStyle(element);
    let colour = parse(style.color);
    let ground = behind(element);
    const svg = element.closest("svg");
    if (svg) {
      colour = parse(style.fill);
      const at = element.getBoundingClientRect();
      for (const rect of svg.querySelectorAll("rect")) {
        const box = rect.getBoundingClientRect();
        const fill = getComputedStyle(rect).fill;
        const inside = at.left >= box.left && at.right <= box.right + 1 && at.top >= box.top - 1 && at.bottom <= box.bottom + 1;
        if (inside && fill !== "none") ground = parse(fill);
      }
    }
    const found = ratio(colour, ground);
    if (found < 4.5) poor.push(`${found.toFixed(2)} ${element.tagName}.${element.getAttribute("class")}: ${node.data.trim().slice(0, 40)}`);
  }
  return { count, poor };
}"""

# Texts of drawings that leave the drawing, or lie on another.
COLLISIONS = """() => {
  const wrong = [];
  for (const svg of document.querySelectorAll("svg")) {
    const frame = svg.getBoundingClientRect();
    if (frame.left < 0 || frame.right > innerWidth + 1) wrong.push(`drawing ${frame.left} to ${frame.right}`);
    const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
    texts.forEach(([text, box], at) => {
      if (box.left < frame.left - 1 || box.right > frame.right + 1) wrong.push(`outside: ${text}`);
      for (const [other, place] of texts.slice(at + 1)) {
        const wide = Math.min(box.right, place.right) - Math.max(box.left, place.left);
        const high = Math.min(box.bottom, place.bottom) - Math.max(box.top, place.top);
        if (wide > 1 && high > 4) wrong.push(`on each other: ${text} / ${other}`);
      }
    });
    const cards = [...svg.querySelectorAll("rect")].map((card) => card.getBoundingClientRect());
    cards.forEach((box, at) => {
      for (const place of cards.slice(at + 1)) {
        const wide = Math.min(box.right, place.right) - Math.max(box.left, place.left);
        const high = Math.min(box.bottom, place.bottom) - Math.max(box.top, place.top);
        if (wide > 1 && high > 1) wrong.push("cards on each other");
      }
    });
  }
  return wrong;
}"""


class Wrong(Exception):
    """Something is not as it should be."""


def expect(holds, message):
    if not holds:
        raise Wrong(message)


class Browser:
    """Pages of a folder, each in a context of its own."""

    def __init__(self, chromium, folder):
        self.chromium = chromium
        self.folder = folder

    def open(self, name, width=1280, anchor="", init="", **options):
        context = self.chromium.new_context(viewport={"width": width, "height": 800}, **options)
        page = context.new_page()
        page.add_init_script(WATCH + init)
        page.requests, page.troubles = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("dialog", lambda dialog: (page.troubles.append("a dialog"), dialog.dismiss()))
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda message: page.troubles.append(message.text) if message.type == "error" else None)
        page.address = (self.folder / f"{name}.html").as_uri()
        page.goto(page.address + anchor, timeout=120_000)
        return page


def quiet(page, name):
    own = [url for url in page.requests if url.split("#")[0] != page.address]
    expect(not own, f"{name} asks for {own}")
    expect(not page.troubles, f"{name}: {page.troubles}")
    violations = page.evaluate("window.violations")
    expect(not violations, f"{name} breaks its own policy: {violations}")


def visible(page, selector):
    return page.eval_on_selector_all(selector, "all => all.filter((part) => part.checkVisibility()).length")


def no_request_and_no_violation(browser, pages):
    for name in pages:
        page = browser.open(name)
        page.evaluate(OPEN_ALL)
        quiet(page, name)
        page.context.close()
    # The watch notices what the policy forbids, and nothing of it arrives.
    reached = []

    class Listening(BaseHTTPRequestHandler):
        def do_GET(self):
            reached.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    page = browser.open("five")
    page.evaluate("""(address) => {
      const image = new Image(); image.src = address + "/a.png"; document.body.append(image);
      const script = document.createElement("script"); script.textContent = "window.owned = 1"; document.body.append(script);
      const form = document.createElement("div"); form.setAttribute("style", "color: red"); document.body.append(form);
    }""", address)
    page.evaluate("(address) => fetch(address + '/b').catch(() => 0)", address)
    page.wait_for_function("window.violations.length >= 4")
    expect(page.evaluate("window.owned") is None, "an added script ran")
    expect(not reached, f"requests left the page: {reached}")
    page.context.close()
    # Without the policy they arrive: the listener hears.
    context = browser.chromium.new_context()
    context.new_page().goto(f"{address}/heard")
    context.close()
    server.shutdown()
    expect("/heard" in reached, "the listener hears nothing")


def fits_every_width(browser, pages):
    for name in pages:
        for width in WIDTHS:
            for scheme in SCHEMES:
                page = browser.open(name, width, color_scheme=scheme)
                for opened in (False, True):
                    if opened:
                        page.evaluate(OPEN_ALL)
                    wide = page.evaluate("document.documentElement.scrollWidth")
                    expect(wide <= width, f"{name} is {wide} wide at {width}, details open: {opened}")
                wrong = page.evaluate(COLLISIONS)
                expect(not wrong, f"{name} at {width}: {wrong[:5]}")
                found = page.evaluate(CONTRASTS)
                expect(found["count"] > 50, f"{name}: only {found['count']} texts")
                expect(not found["poor"], f"{name} at {width}, {scheme}: {found['poor'][:5]}")
                page.context.close()


def filters_show_what_is_asked_for(browser, pages):
    page = browser.open("eighty")
    total = pages["eighty"]["findings"]
    expect(visible(page, "article") == total, f"{visible(page, 'article')} of {total} findings are shown")
    classes = pages["eighty"]["classes"]
    for name, count in classes.items():
        page.locator(f"#filter input[value='{name}']").uncheck()
        expect(visible(page, "article") == total - count, f"without {name}: {visible(page, 'article')}")
        expect(visible(page, f"section#{name}") == 0, f"an empty section {name} stays")
        expect(page.locator("#shown").inner_text() == f"{total - count} of {total} findings shown", "the count is wrong")
        page.locator(f"#filter input[value='{name}']").check()
    page.locator("#text").fill("  " + pages["eighty"]["words"].upper())
    expect(visible(page, "article") == 1, f"{visible(page, 'article')} findings have the words")
    page.locator("#text").fill("no finding says this")
    expect(visible(page, "article") == 0, "words that nothing has still find something")
    page.locator("#text").fill("")
    page.locator("#fold").click()
    expect(visible(page, "article .message") == 0, "folded findings are open")
    page.locator("#fold").click()
    expect(visible(page, "article .message") == total, "unfolded findings are closed")
    page.context.close()


def anchors_go_to_their_finding(browser, pages):
    for name in pages:
        page = browser.open(name)
        broken = page.evaluate("""() => {
          const ids = [...document.querySelectorAll("[id]")].map((part) => part.id);
          const lost = [...document.querySelectorAll("a[href]")].map((link) => link.getAttribute("href"))
            .filter((href) => !href.startsWith("#") || !document.getElementById(decodeURIComponent(href.slice(1))));
          return [...lost, ...ids.filter((id, at) => ids.indexOf(id) !== at)];
        }""")
        expect(not broken, f"{name}: {broken[:5]} lead nowhere, or are there twice")
        page.context.close()
    page = browser.open("eighty")
    links = page.locator("article a.anchor")
    for at in (0, 40, links.count() - 1):
        link = links.nth(at)
        href = link.get_attribute("href")
        # Filtered out and folded, it is shown again.
        page.locator("#text").fill("no finding says this")
        page.evaluate("location.hash = ''")
        page.evaluate("(hash) => { location.hash = hash; }", href)
        article = page.locator("article:target")
        article.wait_for(state="visible")
        expect(article.get_attribute("id") == href[1:], f"{href} leads to {article.get_attribute('id')}")
        box = article.bounding_box()
        expect(-1 <= box["y"] < 800, f"{href} is at {box['y']}")
    page.context.close()
    # From elsewhere, into a part that is folded.
    passing = pages["five"]["passing"]
    page = browser.open("five", anchor=f"#{passing}")
    row = page.locator(f"[id='{passing}']")
    row.wait_for(state="visible")
    expect(0 <= row.bounding_box()["y"] < 800, "the row is not in view")
    page.context.close()


def the_command_is_copied(browser, pages):
    command = pages["five"]["command"]
    page = browser.open("five", permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator("#command").inner_text() == command, "the command is another one")
    page.locator("#copy").click()
    page.wait_for_function("document.getElementById('copied').textContent !== ''")
    expect(page.locator("#copied").inner_text() == "copied", page.locator("#copied").inner_text())
    expect(page.evaluate("navigator.clipboard.readText()") == command, "something else was copied")
    page.context.close()
    refuse = "navigator.clipboard.writeText = () => Promise.reject(new Error('no'));"
    page = browser.open("five", init=refuse)
    page.locator("#copy").click()
    page.wait_for_function("document.getElementById('copied').textContent.startsWith('selected')")
    expect(page.evaluate("getSelection().toString()") == command, "something else was selected")
    quiet(page, "five")
    page.context.close()


def the_keyboard_is_enough(browser, pages):
    page = browser.open("five")
    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.getBoundingClientRect().left")
    expect(skip >= 0 and page.evaluate("document.activeElement.className") == "skip", "the way to the findings is hidden")
    page.keyboard.press("Enter")
    expect(page.evaluate("location.hash") == "#content", "it does not lead there")
    page.context.close()
    page = browser.open("five")
    wanted = page.evaluate("""() => {
      const parts = [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")];
      const shown = parts.filter((part) => part.checkVisibility());
      shown.forEach((part, at) => { part.dataset.stop = at; });
      return shown.length;
    }""")
    reached = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        stop = page.evaluate("""() => {
          const part = document.activeElement;
          const box = part.getBoundingClientRect();
          const style = getComputedStyle(part);
          const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
          const inView = box.bottom > 0 && box.top < innerHeight && box.right > 0;
          return { at: part.dataset.stop ?? null, seen, inView, what: part.outerHTML.slice(0, 80) };
        }""")
        if stop["at"] is None:
            continue
        expect(stop["seen"], f"nobody sees where the focus is: {stop['what']}")
        expect(stop["inView"], f"the focus is out of view: {stop['what']}")
        reached.add(stop["at"])
    expect(len(reached) == wanted, f"{len(reached)} of {wanted} can be reached")
    first = page.locator("#filter input[type=checkbox]").first
    first.focus()
    page.keyboard.press("Space")
    expect(not first.is_checked() and visible(page, "article") < pages["five"]["findings"], "the space bar does not filter")
    page.keyboard.press("Space")
    summary = page.locator("article summary").first
    summary.focus()
    page.keyboard.press("Enter")
    expect(not page.locator("article details").first.evaluate("part => part.open"), "a finding does not fold")
    fold = page.locator("#fold")
    fold.focus()
    page.keyboard.press("Enter")
    expect(visible(page, "article .message") == 0, "the button does not fold")
    page.context.close()


def hostile_evidence_stays_text(browser, pages):
    for name in ("hostile", "markup"):
        page = browser.open(name)
        page.evaluate(OPEN_ALL)
        quiet(page, name)
        parts = page.evaluate("[document.scripts.length, document.images.length, document.querySelectorAll('iframe, object, embed, link, base').length]")
        expect(parts == [1, 0, 0], f"{name} has parts of somebody else: {parts}")
        expect(page.evaluate("window.owned") is None, f"{name} ran what it should show")
        handlers = page.evaluate("""() => [...document.querySelectorAll("*")].flatMap((part) => part.getAttributeNames())
          .filter((name) => name.startsWith("on") || name === "style" || name === "srcdoc")""")
        expect(not handlers, f"{name}: {handlers[:5]}")
        text = page.evaluate("document.body.innerText")
        expect("<script>" in text, f"{name}: the evidence is not shown")
        turned = [character for character in text if ord(character) in (0x202E, 0x2066, 0x200B, 0x1B, 0x7)]
        expect(not turned, f"{name}: characters that turn text are in it")
        page.context.close()
    size = (browser.folder / "hostile.html").stat().st_size
    expect(size < 3_000_000, f"a string of 10 MB makes a page of {size} bytes")


def paper_shows_everything(browser, pages):
    for scheme in SCHEMES:
        page = browser.open("eighty", color_scheme=scheme)
        page.locator("#text").fill("no finding says this")
        page.locator("#fold").click()
        passing = pages["eighty"]["passing_title"]
        expect(passing not in page.evaluate("document.body.innerText"), "what passes is open already")
        page.emulate_media(media="print", color_scheme=scheme)
        total = pages["eighty"]["findings"]
        expect(visible(page, "article") == total, f"{visible(page, 'article')} of {total} findings are printed")
        text = page.evaluate("document.body.innerText")
        for wanted in (passing, pages["eighty"]["words"], pages["eighty"]["file"], "sha256"):
            expect(wanted in text, f"{wanted} is not printed")
        expect(visible(page, "#filter") + visible(page, "#copy") == 0, "controls are printed")
        found = page.evaluate(CONTRASTS)
        expect(not found["poor"], f"on paper: {found['poor'][:5]}")
        expect(page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "paper is not white")
        page.emulate_media(media="screen")
        folded = page.evaluate("document.querySelectorAll('article details[open]').length")
        expect(len(page.pdf()) > 20_000, "nothing is printed")
        expect(page.evaluate("document.querySelectorAll('article details[open]').length") == folded, "printing unfolds for good")
        page.context.close()


def nothing_needs_the_script(browser, pages):
    page = browser.open("five", java_script_enabled=False)
    shown = sum(page.locator("article").nth(at).is_visible() for at in range(page.locator("article").count()))
    expect(shown == pages["five"]["findings"], f"{shown} findings without the script")
    for hidden in ("#filter", "#copy"):
        expect(not page.locator(hidden).is_visible(), f"{hidden} does nothing without the script")
    page.context.close()


def drawings_have_words(browser, pages):
    for name in ("zero", "five"):
        page = browser.open(name)
        for part, words in pages[name]["drawings"].items():
            tree = page.locator(f"#{part} figure").aria_snapshot()
            expect("img" in tree, f"{name}: {part} is no picture: {tree}")
            described = page.evaluate("""(part) => {
              const svg = document.querySelector(`#${part} svg`);
              return svg.getAttribute("aria-labelledby").split(" ").map((id) => document.getElementById(id).textContent).join(" ");
            }""", part)
            page.evaluate(OPEN_ALL)
            table = page.locator(f"#{part} table").inner_text()
            drawn = " ".join(page.locator(f"#{part} svg text").all_text_contents())
            for word in words:
                expect(word in described, f"{name}: the words of {part} do not say {word!r}: {described}")
                expect(word in table, f"{name}: the table of {part} does not say {word!r}")
                expect(word in drawn, f"{name}: the drawing of {part} does not say {word!r}: {drawn}")
        page.context.close()


CHECKS = (
    no_request_and_no_violation,
    fits_every_width,
    filters_show_what_is_asked_for,
    anchors_go_to_their_finding,
    the_command_is_copied,
    the_keyboard_is_enough,
    hostile_evidence_stays_text,
    paper_shows_everything,
    nothing_needs_the_script,
    drawings_have_words,
)


def executable():
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("COUNTERSIGN_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def main():
    if sys.argv[1:] == ["--there"]:
        return 0 if executable() else 1
    folder = pathlib.Path(sys.argv[1]).resolve()
    pages = json.loads((folder / "pages.json").read_text())
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        browser = Browser(chromium, folder)
        for check in CHECKS:
            try:
                check(browser, pages)
            except Wrong as wrong:
                print(f"{check.__name__}: {wrong}", file=sys.stderr)
                return 1
            print(check.__name__)
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
