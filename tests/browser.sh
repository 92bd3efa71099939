#!/bin/sh
# browser.sh PROGRAM [FOLDER [USERS]]: makes the pages of examples/reports and opens each in headless Chromium (Debian package
# chromium; not part of the suite). Nothing on the console, no request for anything but the page, every figure drawn, nothing
# wider than the screen. Pictures: FOLDER/PAGE-1280.png, -390.png, -dark.png (whole pages) and -top.png (for the README).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${2:-$root/build/reports}
command -v chromium >/dev/null || { echo "chromium is not installed: apt-get install chromium"; exit 77; }
sh "$root/examples/reports/shop.sh" "$1" "$folder" "${3:-1500}" >/dev/null
folder=$(realpath "$folder")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
complain() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}
browse() { # ARGUMENTS..: what Chromium says of the page is in $work/err
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking \
        --disable-component-update --disable-default-apps --disable-sync --user-data-dir="$work/user" \
        --enable-logging=stderr --log-level=0 "$@" 2>"$work/err"
}
# quiet FILE: nothing on the console, and the net log names no address but the file's.
quiet() {
    rm -f "$work/net"
    browse --log-net-log="$work/net" --dump-dom "file://$1" >"$work/dom"
    ! grep 'CONSOLE' "$work/err" || return 1
    # Each request that a page starts has its address in the log; Chromium's own ones begin with chrome: or go to Google.
    ! grep -o '"url":"[^"]*"' "$work/net" | grep -v -e '"url":"file://' -e '"url":"chrome' -e '"url":"data:' \
        -e 'google\(apis\)*\.com' -e 'gstatic\.com' || return 1
}
# measure FILE WIDTH: "height width figures undrawn" of the page on a screen of that width.
measure() {
    sed 's|<meta http-equiv="Content-Security-Policy"[^>]*>||' "$1" >"$work/page.html"
    cat >>"$work/page.html" <<'SCRIPT'
<script>
const figures = [...document.querySelectorAll("figure")].filter(f => {
  const boxes = [...f.querySelectorAll("svg, table, .bars")].map(inside => inside.getBoundingClientRect());
  return !boxes.some(box => box.width >= 100 && box.height >= 20);
});
document.title = "measured " + Math.ceil(document.body.getBoundingClientRect().bottom) + " " +
  document.documentElement.scrollWidth + " " + document.querySelectorAll("figure").length + " " + figures.length;
</script>
SCRIPT
    # A frame is as narrow as it is asked to be; a window of Chromium is not.
    printf '<!DOCTYPE html><iframe src="page.html" style="width:%spx;height:900px;border:0" onload="document.title = this.contentDocument.title"></iframe>' \
        "$2" >"$work/frame.html"
    browse --allow-file-access-from-files --dump-dom "file://$work/frame.html" | sed -n 's/.*<title>measured \([0-9 ]*\)<.*/\1/p'
}
# picture FILE WIDTH HEIGHT OUTPUT [ARGUMENTS..]
picture() {
    cp "$1" "$work/page.html"
    printf '<!DOCTYPE html><style>*{margin:0;border:0}body{overflow:hidden}</style><iframe src="page.html" style="display:block;width:%spx;height:%spx"></iframe>' \
        "$2" "$3" >"$work/frame.html"
    size="$2,$3" output=$4
    shift 4
    browse "$@" --window-size="$size" --screenshot="$output" "file://$work/frame.html" >/dev/null
    [ -s "$output" ] || complain "no picture $output"
}

# The checks can fail.
echo '<!DOCTYPE html><img src="http://127.0.0.1:9/x.png">' >"$work/bad.html"
if quiet "$work/bad.html" >/dev/null; then complain "a request from outside is not noticed"; fi
echo '<!DOCTYPE html><script>console.error("x")</script>' >"$work/bad.html"
if quiet "$work/bad.html" >/dev/null; then complain "an error on the console is not noticed"; fi
echo '<!DOCTYPE html><figure></figure><div style="width:2000px">x</div>' >"$work/bad.html"
[ "$(measure "$work/bad.html" 390 | cut -d ' ' -f 2-)" = "2008 1 1" ] || complain "an empty figure or a wide page is not noticed"

for name in exploration evaluation abnormal; do
    page=$folder/$name.html
    [ "$(wc -c <"$page")" -lt 2000000 ] || complain "$name: $(wc -c <"$page") bytes"
    quiet "$page" || complain "$name: something on the console, or a request"
    [ "$(grep -o '<figure ' "$work/dom" | wc -l)" -eq "$(grep -o '<figure ' "$page" | wc -l)" ] || complain "$name: the browser sees other figures"
    for width in 1280 390; do
        measured=$(measure "$page" $width)
        echo "$name at $width: height, width, figures, undrawn: $measured"
        # shellcheck disable=SC2086 # four numbers
        set -- $measured
        [ $# -eq 4 ] || { complain "$name: not measured"; continue; }
        [ "$2" -le $width ] || complain "$name is $2 pixels wide on a screen of $width"
        [ "$3" -ge 2 ] || complain "$name has $3 figures"
        [ "$4" -eq 0 ] || complain "$name: $4 figures are not drawn"
        picture "$page" $width "$1" "$folder/$name-$width.png"
        if [ $width -eq 1280 ]; then
            picture "$page" $width "$1" "$folder/$name-dark.png" --blink-settings=preferredColorScheme=0
            picture "$page" $width 1400 "$folder/$name-top.png"
        fi
    done
done
[ "$failures" -eq 0 ] || exit 1
echo "all pages are in order; look at the pictures in $folder"
