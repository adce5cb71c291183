#!/bin/sh
# What a newcomer types in the first ten minutes, with everything that is printed, as Markdown on stdout. Uses the command on
# the PATH and photos that come with the project; writes in a temporary folder only.
#
#     npm link && sh scripts/first-ten-minutes.sh > docs/first-ten-minutes.md
set -eu
photos=$(cd "$(dirname "$0")/../test/photos" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export MOBILENET_HOME="$work/.models"
mkdir photos
cp "$photos"/*.jpg photos/
printf 'Shot on a Sunday.\n' > photos/notes.txt

show() {
  printf '```\n$ %s\n' "$1"
  status=0
  COLUMNS=80 sh -c "$1" 2>&1 || status=$?
  [ "$status" = 0 ] || printf '(exit code %s)\n' "$status"
  printf '```\n\n'
}

say() {
  printf '%s\n\n' "$1"
}

say '# Your first ten minutes'
say 'This page was written by `scripts/first-ten-minutes.sh`, which runs each command and prints what it prints. The photos are those in `test/photos`. Times are those of one machine. Nothing here needs a network connection.'

say '## Classify'
show 'mobilenet photos/alps.jpg'
say 'A folder gives one line per image. Files that are not images are skipped and counted.'
show 'mobilenet photos'
say '`--group` adds up related classes, where the fine ones are unsure.'
show 'mobilenet photos --group -q'
say 'Options have short forms; another bundled network, at a smaller resolution, in integers:'
show 'mobilenet -m efficientnet_lite0 -r 160 --dtype int8 -k 2 photos/boats.jpg'

say '## Filter, and write files'
show 'mobilenet photos --only vessel -f paths -q'
show 'mobilenet photos -f csv -k 1 -q'
show 'mobilenet photos -o photos.jsonl -q && mobilenet photos -o photos.jsonl --resume'

say '## What is alike, and why'
say '`duplicates` finds copies, also smaller, cropped or mirrored ones. Nothing is ever deleted.'
show 'cp photos/alps.jpg photos/copy.jpg; mobilenet duplicates photos -q; rm photos/copy.jpg'
say '`explain` says where in an image the answer comes from; `--output heat.png` draws it.'
show 'mobilenet explain photos/alps.jpg'

say '## Networks'
show 'mobilenet models --filter lite0'
show 'mobilenet cost --model mobilenet_v1 --alpha 0.5 --res 160'
say '`mobilenet learn FOLDER --as NAME` learns your own classes; [learn.md](learn.md) has an example.'

say '## Mistakes'
show 'mobilenet photo/alps.jpg'
show 'mobilenet photos --only boots'
show 'mobilenet photos --model mobilenet_v3'
show 'mobilenet photos --alpha 0.5'
show 'head -c 9000 photos/alps.jpg > photos/cut.jpg; mobilenet photos/cut.jpg; mobilenet photos/cut.jpg --lenient -k 1; rm photos/cut.jpg'
