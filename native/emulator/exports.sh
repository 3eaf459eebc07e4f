#!/bin/sh
# Writes the stand-in's C functions, one for each driver call:  native/emulator/exports.sh CALLS REFUSED  >exports.inc
# CALLS lists "group name kinds" (calls.txt of the bindings), REFUSED one name a line; "#" begins a comment.
set -eu
awk '
    /^#/ || NF == 0 { next }
    FNR == NR {
        name = $2
        kinds = $3 == "-" ? "" : $3
        declared = passed = types = ""
        for (i = 1; i <= length(kinds); i++) {
            kind = substr(kinds, i, 1)
            comma = i > 1 ? ", " : ""
            declared = declared comma kind " a" i
            passed = passed comma "a" i
            # Java receives every narrow number as an int.
            types = types comma (kind == "L" ? "L" : "I")
        }
        if (kinds == "") declared = types = "void"
        printf "static void *to_%s;\n", name
        printf "EXPORT I %s(%s) {\n", name, declared
        printf "    I (*forward)(%s) = (I(*)(%s))behind(&to_%s, \"%s\");\n", types, types, name, name
        printf "    return forward ? forward(%s) : NOT_INITIALIZED;\n}\n", passed
        names[++n] = name
        next
    }
    {
        printf "EXPORT I %s(void) { return NOT_SUPPORTED; }\n", $1
        names[++n] = $1
    }
    END {
        print "static const struct call calls[] = {"
        for (i = 1; i <= n; i++) printf "    {\"%s\", (void *)%s},\n", names[i], names[i]
        print "};"
    }
' "$1" "$2"
