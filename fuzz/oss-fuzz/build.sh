#!/bin/bash -eu
# Build the fuzz targets for OSS-Fuzz, which gives CC, CXX, CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE, SANITIZER and the
# folders SRC, WORK and OUT. fuzz/oss-fuzz/try runs it with the same on any machine.
repository=$SRC/beluga
build=$WORK/build-$SANITIZER
cd "$repository"
mkdir -p .deps/yyjson-source
[ -e .deps/yyjson-source/yyjson.c ] || cp "$SRC"/yyjson/src/yyjson.[ch] .deps/yyjson-source/

# The sanitizer of memory wants all code built for it, which the system's libraries are not.
of=fuzz
[ "$SANITIZER" != memory ] || of=fuzz-rooms
LDFLAGS="${LDFLAGS:-} -Wl,-rpath,\$ORIGIN/lib" meson setup "$build" -Dfuzzing=true -Dtests=disabled -Db_lundef=false \
    -Dbuildtype=plain "-Dfuzz_engine=$LIB_FUZZING_ENGINE"
ninja -C "$build" $of

python3 fuzz/seeds.py "$WORK/seeds"
mkdir -p "$OUT/lib"
for target in "$build"/fuzz/fuzz_*; do
    if [ ! -f "$target" ] || [ ! -x "$target" ]; then continue; fi
    name=${target##*/fuzz_}
    cp "$target" "$OUT/"
    # What is not there where the targets run.
    ldd "$target" | awk '$3 ~ /^\// { print $3 }' | grep -v -e '/libc\.so' -e '/libm\.so' -e '/ld-' |
        while read -r library; do cp -n "$library" "$OUT/lib/"; done
    inputs=()
    for at in "fuzz/corpus/$name" "$WORK/seeds/$name"; do [ ! -d "$at" ] || inputs+=("$at"); done
    rm -f "$OUT/fuzz_${name}_seed_corpus.zip"
    [ ${#inputs[@]} -eq 0 ] || zip -q -j -r "$OUT/fuzz_${name}_seed_corpus.zip" "${inputs[@]}"
    # The row of fuzz/targets as a file of options.
    read -r _ longest dictionary prints < <(awk -v name="$name" '!/^#/ && ($1 == name || $1 == "*") { print; exit }' fuzz/targets)
    {
        printf '[libfuzzer]\nmax_len = %s\nentropic = 0\n' "$longest"
        [ "$dictionary" = - ] || printf 'dict = fuzz_%s.dict\n' "$name"
        [ "$prints" != prints ] || echo 'close_fd_mask = 3'
    } >"$OUT/fuzz_$name.options"
    [ "$dictionary" = - ] || cp "fuzz/dict/$dictionary.dict" "$OUT/fuzz_$name.dict"
done
