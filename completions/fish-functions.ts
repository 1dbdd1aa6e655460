/** The part of remotify.fish that is the same for all commands. */
export const fishFunctions = `# Prints the names of the stored sessions. A line of \`list\` has a star or nothing, the name, the URL.
function _remotify_sessions
    command remotify list --offline </dev/null 2>/dev/null | string replace -rf '^(?:\\* | ) *([A-Za-z0-9._-]+)(?: .*)?$' '$1'
end

# Prints the word at the cursor, without a flag and = in front of a value.
function _remotify_typed
    string replace -r -- '^--[a-z-]+=' '' (commandline -ct)
end

function _remotify_folders
    __fish_complete_directories (_remotify_typed)
end

# Prints the words, and folders after file:.
function _remotify_stores
    printf '%s\\n' $argv
    set -l typed (_remotify_typed)
    if string match -q -- 'file:*' "$typed"
        set -l start (string replace 'file:' '' -- "$typed")
        for folder in $start*/
            printf 'file:%s\\n' $folder
        end
    end
end

# Completes the first word of a command once a part of it is typed; after a script there is no command.
function _remotify_first_words
    contains -- script (_remotify_state)[3..]; and return
    set -l typed (commandline -ct)
    string match -qr -- '^[A-Za-z0-9._+][A-Za-z0-9._+-]*$' "$typed"
    and complete -C "$typed"
end

# Prints the command before the cursor, the number of its arguments so far, and marks: "bare" after --, "script" if one is
# given, "tail" if the rest is the command line of another program. Words are compared, never expanded.
function _remotify_state
    set -l words (commandline -opc)
    set -e words[1]
    set -l name ''
    set -l count 0
    set -l marks
    set -l takes none
    for word in $words
        if test $takes = required; or test $takes = script
            set takes none
            continue
        end
        if test $takes = optional
            set takes none
            string match -q -- '-*' "$word"; or continue
        end
        if not contains -- bare $marks; and string match -q -- '-?*' "$word"
            if test "$word" = --
                set -a marks bare
                continue
            end
            set -l parts (string split -m 1 -- = "$word")
            if not string match -q -- '--*' "$word"
                # Of combined short flags only the last can take the next word as its value: -dt 5, but -t5.
                set parts
                for letter in (string split '' -- (string sub -s 2 -- "$word"))
                    if test (count $parts) -gt 0; and test (_remotify_takes "$name" $parts[1]) != none
                        set -a parts "$letter"
                        break
                    end
                    set parts "-$letter"
                end
            end
            set takes (_remotify_takes "$name" "$parts[1]")
            test $takes = script; and set -a marks script
            test (count $parts) -gt 1; and set takes none
        else if test -z "$name"
            set name "$word"
            set -e marks
            set -l marks
        else
            _remotify_owns_rest "$name" $count; and set -a marks tail
            set count (math $count + 1)
        end
    end
    printf '%s\\n' "$name" $count $marks
end

# Whether flags of the command $argv[1] may come at the cursor.
function _remotify_flags_of
    set -l state (_remotify_state)
    test "$state[1]" = "$argv[1]"
    and not contains -- tail $state[3..]
    and not contains -- bare $state[3..]
end

# Whether argument number $argv[2] of the command $argv[1] is at the cursor.
function _remotify_argument_of
    set -l state (_remotify_state)
    test "$state[1]" = "$argv[1]"
    and not contains -- tail $state[3..]
    and test $state[2] $argv[3] $argv[2]
end

# Whether the cursor is in the command line of another program, which may contain files.
function _remotify_rest
    set -l state (_remotify_state)
    contains -- tail $state[3..]
    or _remotify_owns_rest "$state[1]" $state[2]
end
`;
