/** The part of remotify.fish that knows no command by name. */
export const fishFunctions = `# Names of the stored sessions. \`list\` prints a star or nothing, the name, the address.
function _remotify_sessions
    command remotify list --offline </dev/null 2>/dev/null | string replace -rf '^(?:\\* | ) *([A-Za-z0-9._-]+)(?: .*)?$' '$1'
end

# What is being typed, without the flag that it is the value of.
function _remotify_typed
    string replace -r -- '^--[a-z-]+=' '' (commandline -ct)
end

function _remotify_folders
    __fish_complete_directories (_remotify_typed)
end

# The words; one that ends with a colon goes on with a folder.
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

# The first word of a command, once something of it is there; no command after a script.
function _remotify_first_words
    contains -- script (_remotify_state)[3..]; and return
    set -l typed (commandline -ct)
    string match -qr -- '^[A-Za-z0-9._+][A-Za-z0-9._+-]*$' "$typed"
    and complete -C "$typed"
end

# The command before the cursor, how many arguments it has so far, and words for what else is known: "bare" after --,
# "script" when one is given, "tail" when the rest is the command line of another program. Words are compared, never expanded.
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
                # Of letters together only the last can wait for its value: -dt 5, but -t5.
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

# Flags may come here: of the command $argv[1].
function _remotify_flags_of
    set -l state (_remotify_state)
    test "$state[1]" = "$argv[1]"
    and not contains -- tail $state[3..]
    and not contains -- bare $state[3..]
end

# Here comes the argument number $argv[2] of the command $argv[1].
function _remotify_argument_of
    set -l state (_remotify_state)
    test "$state[1]" = "$argv[1]"
    and not contains -- tail $state[3..]
    and test $state[2] $argv[3] $argv[2]
end

# The words of another program's command line follow: files may be among them.
function _remotify_rest
    set -l state (_remotify_state)
    contains -- tail $state[3..]
    or _remotify_owns_rest "$state[1]" $state[2]
end
`;
