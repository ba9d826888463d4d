#!/bin/sh
# Installs the custom object Compromised Account (code "account") on a ThreatQ platform.
#
#   ThreatQ v5, from the unzipped folder:      sudo ./install.sh
#   ThreatQ v6, inside the API container:      sh MISC_FOLDER/install.sh MISC_FOLDER
#
# While it runs the API is in maintenance mode, and feed runs in progress are cancelled.
# Exit codes: 0 installed, 1 something failed, 2 wrong usage, 128 + n stopped by signal n.
#
# Two installations at once keep out of each other's way, and no link is followed in the folders that
# it writes to, since it may be root and they belong to the platform's user.
#
# Assumptions that nobody could try on a real platform:
# - v6 keeps the API in the same folder of its container as v5 does on its host, or else in the
#   folder in which its commands start.
# - --file and --icon take full paths.
# - On an object that is there already, make-object-set either succeeds or says so ("already
#   exists", "Duplicate entry"); the latter counts as success, because the icon step that
#   follows fails when the object is not there after all.
set -u
umask 022

# Paths and names of the platform; set the variable to override a default. With sudo:
#   sudo THREATQ_API_DIR=/other/api ./install.sh
default_api_dir=/var/www/api
api_dir=${THREATQ_API_DIR:-$default_api_dir}
# only where the folder of the bundle is given, as in v6: else the current folder is that one
if [ "$#" -eq 1 ] && [ -z "${THREATQ_API_DIR:-}" ] && [ ! -f "$api_dir/artisan" ] && [ -f ./artisan ]; then
    api_dir=$(pwd -P)
fi
seeds_dir=${THREATQ_SEEDS_DIR:-$api_dir/database/seeds/data}
dynamo_unit=${THREATQ_DYNAMO_UNIT:-threatq-dynamo}

code=account
background=#a32a3a # as in the definition
artisan=$api_dir/artisan
json_folder=custom_objects
icon_folder=icons/images/custom_objects
json_target=$seeds_dir/$json_folder/$code.json
icon_target=$seeds_dir/$icon_folder/$code.svg
lock=$seeds_dir/.$code-install

log=/dev/null
locked=no
state=untouched # then "maintenance", then "left"

# say LINE...: one line each, to the screen and to the log; a closed terminal stops nothing.
say() {
    { printf '%s\n' "$@"; } 2>/dev/null
    { printf '%s\n' "$@" >>"$log"; } 2>/dev/null || :
}

# fail LINE...: ends the script, through the EXIT trap.
fail() {
    say "$@" >&2
    exit 1
}

# step TITLE COMMAND [ARGUMENT...]: runs a command and passes on its words, which stay in $said.
# It has no terminal to ask questions on: its output is captured, so nobody would see them.
step() {
    say "- $1"
    shift
    said=$("$@" </dev/null 2>&1)
    step_status=$?
    if [ -n "$said" ]; then
        say "$(printf '%s\n' "$said" | sed 's/^/    /')"
    fi
    return "$step_status"
}

run_artisan() {
    if [ -x "$artisan" ]; then
        "$artisan" "$@"
    else
        php "$artisan" "$@"
    fi
}

# finish STATUS: the one way out. Signals are ignored first, so that a second Ctrl-C, or one
# that arrives in here, cannot keep the platform in maintenance mode.
finish() {
    trap '' HUP INT TERM
    trap - EXIT
    case $1:$state in
        0:*) ;;
        *:untouched) say "Nothing was changed." >&2 ;;
        *:left)
            say "The object is installed, but $dynamo_unit may not have been restarted:" \
                "    systemctl restart $dynamo_unit" >&2
            ;;
        *:maintenance)
            step "Leaving maintenance mode after a failure" run_artisan up || say "" \
                "!!! THE PLATFORM MAY STILL BE IN MAINTENANCE MODE. Leave it by hand, now:" \
                "!!!     \"$artisan\" up        (or: php \"$artisan\" up)" "" >&2
            say "FAILED: the installation is not complete. Correct the cause, run this again." >&2
            ;;
    esac
    [ "$locked" = no ] || rmdir -- "$lock" || say "Remove this folder by hand: $lock" >&2
    [ "$log" = /dev/null ] || say "Log: $log"
    exit "$1"
}

interrupted() {
    say "Interrupted (SIG$1)." >&2
    finish "$2"
}

usage() {
    echo "Usage: install.sh [FOLDER]"
    echo "Installs the custom object Compromised Account on ThreatQ."
    echo "FOLDER holds $code.json and images/$code.svg (default: the folder of this script)."
    echo "ThreatQ v5: sudo ./install.sh        ThreatQ v6: sh FOLDER/install.sh FOLDER"
}

# writable PATH: may it, or the nearest folder above that exists, be written to?
writable() {
    place=$1
    while [ ! -e "$place" ]; do
        place=$(dirname -- "$place")
    done
    [ -w "$place" ]
}

# check WORDS COMMAND...: collects what is wrong, so that all of it is told at once.
check() {
    words=$1
    shift
    "$@" || problems="$problems
- $words"
}

is_readable_file() { [ -f "$1" ] && [ -r "$1" ] && [ -s "$1" ]; }
is_no_link() { [ ! -L "$1" ]; }
# is_alone PATH: is there no file, or one without a second name (a hard link)? A pipe is none.
is_alone() (
    [ -e "$1" ] || exit 0
    [ -f "$1" ] || exit 1
    about=$(LC_ALL=C ls -ld -- "$1") || exit 1
    after_mode=${about#* }
    count=${after_mode#"${after_mode%%[! ]*}"}
    [ "${count%% *}" = 1 ]
)
is_root() { [ "$(id -u)" = 0 ]; }
can_start_artisan() { [ ! -f "$artisan" ] || [ -x "$artisan" ] || command -v php >/dev/null; }

# beside the files, where later runs add to it; else a new temporary file (noclobber, because
# root follows no link that somebody left in a folder open to all)
open_log() {
    beside=$bundle/$code-install.log
    temporary=${TMPDIR:-/tmp}/$code-install-$$.log
    if is_no_link "$beside" && is_alone "$beside" && (: >>"$beside") 2>/dev/null; then
        log=$beside
    elif (set -C && : >"$temporary") 2>/dev/null; then
        log=$temporary
    else
        say "There is no log: neither $beside nor $temporary can be written." >&2
    fi
}

# everything that can be known before anything is touched
check_all() {
    problems=
    if [ "$given" = no ]; then
        check "Root is needed: run \"sudo ./install.sh\" (in a v6 container, give the folder: \
\"sh $bundle/install.sh $bundle\")." is_root
    fi
    for file in "$json" "$icon"; do
        check "$file is missing, empty or not readable: upload it again from the bundle." \
            is_readable_file "$file"
        check "$file is a link: upload the file itself." is_no_link "$file"
        [ ! -f "$file" ] || check "$file has a second name: upload the file itself." is_alone "$file"
    done
    check "$bundle/images is a link: upload the folder itself." is_no_link "$bundle/images"
    check "No ThreatQ platform here: $artisan is missing. If its API lives elsewhere, set \
THREATQ_API_DIR." test -f "$artisan"
    check "$artisan cannot be executed, and there is no php to run it with." can_start_artisan
    check "$seeds_dir is missing. If the platform keeps its seed data elsewhere, set \
THREATQ_SEEDS_DIR." test -d "$seeds_dir"
    if [ -d "$seeds_dir" ]; then
        for target in "$json_target" "$icon_target"; do
            check "$target cannot be written by this user." writable "$target"
        done
        for place in custom_objects icons icons/images icons/images/custom_objects; do
            check "$seeds_dir/$place is a link, and none is followed here: see where it leads, then \
remove it." is_no_link "$seeds_dir/$place"
        done
        for target in "$json_target" "$icon_target"; do
            check "$target is a link, and none is followed here: see where it leads, then remove \
it." is_no_link "$target"
        done
    fi
    [ -z "$problems" ] || fail "The object cannot be installed:$problems"
}

# take_lock: a folder is made by one of two at once, and by no link.
take_lock() {
    if mkdir -- "$lock" 2>/dev/null; then
        locked=yes
    elif [ -e "$lock" ] || [ -L "$lock" ]; then
        fail "Another installation is running, or was killed: $lock is there." \
            "If none is running, remove it and try again: rmdir \"$lock\""
    else
        fail "$seeds_dir cannot be written by this user."
    fi
}

# place FILE FOLDER NAME: copies a file below the seed folder. Links that came since the check are
# not followed: every folder is entered and must be where it is expected to be, and a file is made
# anew (noclobber), which fails at a link. A new file takes the security context of its folder
# (SELinux on v5 hosts), and by the umask the platform's own user can read what root uploaded.
place() (
    source=$1
    name=$3
    cd -P -- "$seeds_dir" || exit 1
    here=$(pwd -P)
    IFS=/
    for part in $2; do
        [ -d "./$part" ] || mkdir -- "./$part" || exit 1
        here=$here/$part
        cd -P -- "./$part" || exit 1
        if [ "$(pwd -P)" != "$here" ]; then
            echo "$here is a link, and none is followed here." >&2
            exit 1
        fi
    done
    rm -f -- "./$name" && (set -C && cat -- "$source" >"./$name")
)

copy_files() {
    place "$json" "$json_folder" "$code.json" && place "$icon" "$icon_folder" "$code.svg"
}

create_object() {
    step "Creating the object" run_artisan threatq:make-object-set "--file=$json_target" && return
    case $said in
        *"lready exist"* | *"uplicate entry"*) say "  The object is there already: kept." ;;
        *) return 1 ;;
    esac
}

restart_dynamo() {
    if ! command -v systemctl >/dev/null || ! systemctl cat "$dynamo_unit" >/dev/null 2>&1; then
        say "- No service $dynamo_unit here (as in v6): nothing to restart. If feeds do not know" \
            "  the object, restart the platform's dynamo deployment from the host."
        return
    fi
    step "Restarting $dynamo_unit" systemctl restart "$dynamo_unit" ||
        fail "$dynamo_unit did not restart."
}

case ${1-} in
    -h | --help)
        usage
        exit 0
        ;;
    -*)
        usage >&2
        exit 2
        ;;
esac
if [ "$#" -gt 1 ]; then
    usage >&2
    exit 2
fi
given=no
[ "$#" -eq 0 ] || given=yes
folder=${1-$(dirname -- "$0")}
if [ -z "$folder" ] || ! bundle=$(CDPATH='' cd -- "$folder" 2>/dev/null && pwd -P); then
    echo "There is no folder \"$folder\" that this user may enter." >&2
    usage >&2
    exit 2
fi
json=$bundle/$code.json
icon=$bundle/images/$code.svg

# a terminal that goes away must not end the script half-way
trap '' PIPE
# the shell hears a signal when the running step has ended, so that artisan is not cut short
# (Ctrl-C in a terminal reaches artisan as well)
trap 'finish $?' EXIT
trap 'interrupted HUP 129' HUP
trap 'interrupted INT 130' INT
trap 'interrupted TERM 143' TERM

open_log
say "Custom object Compromised Account, $(date -u '+%Y-%m-%d %H:%M:%S') UTC" \
    "- Checking the files in $bundle and the platform in $api_dir"
check_all
take_lock

# stated before it is true: a call that fails or is interrupted may have switched it on
state=maintenance
step "Entering maintenance mode" run_artisan down || fail "Maintenance mode was refused."
if [ -f "$json_target" ] && ! cmp -s -- "$json" "$json_target"; then
    say "- A different $json_target is there, from another bundle or version: replaced."
fi
step "Copying the definition and the icon" copy_files || fail "The files could not be copied."
create_object || fail "The object could not be created."
step "Setting the icon and its colour" run_artisan threatq:object-settings "--code=$code" \
    "--icon=$icon_target" "--background-color=$background" || fail "The icon could not be set."
step "Clearing the cache" run_artisan cache:clear || fail "The cache could not be cleared."
step "Updating permissions" run_artisan threatq:update-permissions ||
    fail "The permissions could not be updated."
step "Leaving maintenance mode" run_artisan up || fail "Maintenance mode could not be left."
state=left
restart_dynamo
say "Compromised Account is installed. No longer needed: install.sh, $code.json and images/" \
    "in $bundle."
