/// The commands of `query` and their options. An option belongs here when it neither writes, nor starts another program,
/// nor waits without end, nor takes its arguments from a file.
extension QueryCommand {
  static let all: [QueryCommand] = searching + listing + reading + comparing + machine

  private static let fromFile = "takes its input from a file: give it as an argument"
  private static let writes = "writes a file: leave it out, the output comes with the answer"
  private static let runs = "starts another program: query that one by itself"
  private static let endless = "waits without end: use the tool `read` with `tail`"
  private static let device = "reads devices, which may have no end: use the tool `read` for files"

  private static let searching = [
    QueryCommand(
      "grep", operands: .patternThenContents, flags: "EFGPivwxyczZUbnHhqsoLlaIrRTV", valued: "eABCmd",
      long: """
        extended-regexp fixed-strings basic-regexp perl-regexp regexp= ignore-case no-ignore-case word-regexp
        line-regexp null-data no-messages invert-match version max-count= byte-offset line-number line-buffered
        with-filename no-filename label= only-matching quiet silent binary-files= text directories= recursive
        dereference-recursive include= exclude= exclude-dir= files-without-match files-with-matches count initial-tab
        null before-context= after-context= context= group-separator= no-group-separator color[=] colour[=] binary help
        """,
      takesNumber: true,
      refused: ["-f": fromFile, "--file": fromFile, "--exclude-from": fromFile, "-D": device, "--devices": device]),
    QueryCommand(
      "rg", operands: .patternThenContents, flags: "FivwxcnNHIlLoqsSpPUuah0V.",
      valued: "eABCmgtTrMjdE",
      long: """
        regexp= fixed-strings ignore-case invert-match word-regexp line-regexp count count-matches line-number
        no-line-number with-filename no-filename files files-with-matches files-without-match follow only-matching quiet
        case-sensitive smart-case pretty pcre2 multiline multiline-dotall unrestricted text null hidden no-hidden
        no-ignore no-ignore-vcs no-ignore-global no-ignore-parent no-ignore-dot no-ignore-exclude no-ignore-files
        no-messages no-heading heading column no-column after-context= before-context= context= max-count= max-depth=
        maxdepth= max-filesize= max-columns= max-columns-preview glob= iglob= glob-case-insensitive type= type-not=
        type-list replace= threads= color= colors= sort= sortr= stats json vimgrep trim crlf byte-offset passthru
        encoding= one-file-system null-data context-separator= path-separator= field-match-separator= engine= version
        help line-buffered block-buffered no-config binary include-zero debug
        """,
      prepended: ["--no-config"],
      refused: [
        "--pre": runs, "--pre-glob": runs, "--hostname-bin": runs, "--hyperlink-format": runs, "-z": runs,
        "--search-zip": runs, "-f": fromFile, "--file": fromFile, "--ignore-file": fromFile,
      ]),
    QueryCommand("find", grammar: .expression, operands: .names),
  ]

  private static let listing = [
    QueryCommand(
      "ls", operands: .names, flags: "aAbBcCdfFgGhHiklLmnNopqQrRsStuUvxXZ1", valued: "ITw",
      long: """
        all almost-all author escape block-size= ignore-backups color[=] directory classify[=] file-type format=
        full-time group-directories-first no-group human-readable si dereference-command-line dereference
        dereference-command-line-symlink-to-dir hide= indicator-style= inode ignore= kibibytes numeric-uid-gid literal
        hide-control-chars show-control-chars quote-name quoting-style= reverse recursive size sort= time= time-style=
        tabsize= width= context zero version help
        """),
    QueryCommand(
      "tree", grammar: .detachedValues, operands: .names, flags: "adflxNpusghDFqQvtcUriASnCXJ", valued: "LPI",
      long: """
        noreport du dirsfirst filesfirst inodes device prune filelimit= timefmt= sort[=] si gitignore matchdirs
        ignore-case charset= metafirst nolinks version help
        """,
      refused: [
        "-o": writes, "-R": writes, "-H": "makes a web page: use the tool `list`", "--fromfile": fromFile,
        "--fromtabfile": fromFile, "--gitfile": fromFile, "--infofile": fromFile, "--info": fromFile,
      ]),
    QueryCommand(
      "stat", operands: .names, flags: "Lft", valued: "c",
      long: "dereference file-system format= printf= terse cached= version help"),
    QueryCommand(
      "file", operands: .names, flags: "bEhikLNnrv0", valued: "F",
      long: """
        brief mime mime-type mime-encoding extension apple keep-going dereference no-dereference no-buffer no-pad raw
        separator= print0 version help
        """,
      refused: [
        "-C": writes, "--compile": writes, "-p": "changes the file's times: leave it out",
        "--preserve-date": "changes the file's times: leave it out", "-m": fromFile, "--magic-file": fromFile,
        "-f": fromFile, "--files-from": fromFile, "-z": runs, "-Z": runs, "--uncompress": runs,
        "--uncompress-noreport": runs, "-s": device, "--special-files": device, "-S": runs, "--no-sandbox": runs,
      ]),
    QueryCommand(
      "du", operands: .names, flags: "aAbcDhHklLmPsSx0", valued: "dBt",
      long: """
        null all apparent-size block-size= bytes total dereference-args max-depth= human-readable inodes kibibytes
        dereference count-links no-dereference separate-dirs si summarize threshold= time[=] time-style=
        one-file-system exclude= version help
        """,
      refused: ["--files0-from": fromFile, "-X": fromFile, "--exclude-from": fromFile]),
    QueryCommand(
      "df", operands: .names, flags: "ahHiklPTv", valued: "Btx",
      long: """
        all block-size= human-readable si inodes kilobytes local no-sync output[=] portability total type= print-type
        exclude-type= version help
        """,
      refused: ["--sync": "makes the host write its buffers: leave it out"]),
    QueryCommand(
      "readlink", operands: .names, flags: "femnqsvz",
      long: """
        canonicalize canonicalize-existing canonicalize-missing no-newline quiet silent verbose zero version help
        """),
  ]

  private static let reading = [
    QueryCommand(
      "cat", operands: .contents, flags: "AbeEnstTuv",
      long: """
        show-all number-nonblank show-ends number squeeze-blank show-tabs show-nonprinting version help
        """),
    QueryCommand(
      "head", operands: .contents, flags: "qvz", valued: "cn",
      long: "bytes= lines= quiet silent verbose zero-terminated version help", takesNumber: true),
    QueryCommand(
      "tail", operands: .contents, flags: "qvz", valued: "cn",
      long: "bytes= lines= quiet silent verbose zero-terminated version help", takesNumber: true,
      refused: [
        "-f": endless, "-F": endless, "--follow": endless, "--retry": endless, "--pid": endless, "-s": endless,
        "--sleep-interval": endless, "--max-unchanged-stats": endless,
      ]),
    QueryCommand(
      "wc", operands: .contents, flags: "clLmw", long: "bytes chars lines max-line-length words total= version help",
      refused: ["--files0-from": fromFile]),
    QueryCommand(
      "sha256sum", operands: .contents, flags: "btz", long: "binary text tag zero version help",
      refused: ["-c": fromFile, "--check": fromFile]),
  ]

  private static let comparing = [
    QueryCommand(
      "sort", operands: .contents, flags: "bcCdfgiMhnRrsVuz", valued: "ktS",
      long: """
        ignore-leading-blanks dictionary-order ignore-case general-numeric-sort ignore-nonprinting month-sort
        human-numeric-sort numeric-sort random-sort reverse sort= version-sort batch-size= check[=] debug key= merge
        stable buffer-size= field-separator= parallel= unique zero-terminated version help
        """,
      // What does not fit into memory would go to files in /tmp: sort says that it cannot, instead.
      prepended: ["-T", "/dev/null"],
      refused: [
        "-o": writes, "--output": writes, "-T": writes, "--temporary-directory": writes, "--compress-program": runs,
        "--files0-from": fromFile, "--random-source": fromFile,
      ]),
    QueryCommand(
      "uniq", operands: .atMost(1), flags: "cdDiuz", valued: "fsw",
      long: """
        count repeated all-repeated[=] skip-fields= group[=] ignore-case skip-chars= unique zero-terminated
        check-chars= version help
        """),
    QueryCommand(
      "diff", operands: .contents, flags: "abBcdeEiNnPpqrstTuwyZ", valued: "CUFILWxS",
      long: """
        normal brief report-identical-files context[=] unified[=] ed rcs side-by-side width= left-column
        suppress-common-lines show-c-function show-function-line= label= expand-tabs initial-tab tabsize=
        suppress-blank-empty recursive no-dereference new-file unidirectional-new-file ignore-file-name-case
        no-ignore-file-name-case exclude= starting-file= ignore-case ignore-tab-expansion ignore-trailing-space
        ignore-space-change ignore-all-space ignore-blank-lines ignore-matching-lines= text strip-trailing-cr minimal
        horizon-lines= speed-large-files color[=] palette= version help
        """,
      takesNumber: true,
      refused: [
        "-l": runs, "--paginate": runs, "-X": fromFile, "--exclude-from": fromFile, "--from-file": fromFile,
        "--to-file": fromFile, "-D": "is for merging: use -u", "--ifdef": "is for merging: use -u",
      ]),
  ]

  private static let machine = [
    QueryCommand("true", operands: .none),
    QueryCommand(
      "hostname", operands: .none, flags: "aAdfiIsy",
      long: "alias all-fqdns domain fqdn long ip-address all-ip-addresses short yp nis version help",
      refused: [
        "-F": "sets the host's name: query only looks", "--file": "sets the host's name: query only looks",
        "-b": "sets the host's name: query only looks", "--boot": "sets the host's name: query only looks",
      ]),
    QueryCommand(
      "uname", operands: .none, flags: "asnrvmpio",
      long: """
        all kernel-name nodename kernel-release kernel-version machine processor hardware-platform operating-system
        version help
        """),
    QueryCommand("uptime", operands: .none, flags: "ps", long: "pretty since version help"),
    QueryCommand("whoami", operands: .none, long: "version help"),
    QueryCommand(
      "id", operands: .words, flags: "aGgnruZz", long: "context group groups name real user zero version help"),
    QueryCommand(
      "date", operands: .format, flags: "uR", valued: "dr", optional: "I",
      long: "date= debug iso-8601[=] resolution rfc-email rfc-3339= reference= utc universal version help",
      refused: [
        "-s": "sets the clock: query only looks", "--set": "sets the clock: query only looks", "-f": fromFile,
        "--file": fromFile,
      ]),
    QueryCommand(
      "free", operands: .none, flags: "bkmghtwlLv",
      long: """
        bytes kilo mega giga tera peta kibi mebi gibi tebi pebi human si total wide lohi committed version help
        """,
      refused: ["-s": endless, "--seconds": endless, "-c": endless, "--count": endless]),
    QueryCommand(
      "ps", grammar: .bsdLetters, operands: .none, flags: "AadeflFHjLMNTVwcyx", valued: "oCpuUgGtq",
      long: """
        format= sort= forest no-headers no-heading headers cols= columns= width= rows= lines= pid= ppid= quick-pid=
        user= User= group= Group= sid= tty= deselect cumulative context info version help
        """),
    QueryCommand("nproc", operands: .none, long: "all ignore= version help"),
    QueryCommand(
      "lsblk", operands: .names, flags: "abdfilmnOpPrsStJADzVh", valued: "oeIx",
      long: """
        all bytes nodeps discard fs include= exclude= ascii json list perms noheadings output= output-all paths pairs
        raw inverse scsi topology sort= zoned version help
        """),
  ]
}
