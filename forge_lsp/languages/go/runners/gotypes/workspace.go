package main

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/scanner"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// source is a file as it is shown: parsed, and what of it others can see.
type source struct {
	path, text string
	name       string // of its package
	tree       *ast.File
	wrong      []problem // why it does not parse
	imports    []string
	visible    [sha256.Size]byte
	whole      [sha256.Size]byte
	matches    bool
	cgo        bool
}

// folder is what a package's folder holds, by kind of file.
type folder struct {
	plain, inside, outside []*source // the package, its tests within it and beside it
	imports, testImports   []string
	cgo, assembly          bool
}

func (f *folder) file(path string) *source {
	for _, kind := range [][]*source{f.plain, f.inside, f.outside} {
		for _, one := range kind {
			if one.path == path {
				return one
			}
		}
	}
	return nil
}

type workspace struct {
	root    string
	context build.Context
	fset    *token.FileSet
	begun   int               // where its positions stood after the first question
	over    map[string]string // texts that lie over the disk
	files   map[string]*source
	shown   map[string]*source // those of `over`
	dirs    map[string]*folder
	project []*listed
	known   map[string]*listed
	at      map[string]*listed // the project's by folder
	asked   string             // what the listing was made for
	stale   bool
	checker
}

func newWorkspace(root string) *workspace {
	w := &workspace{root: root, fset: token.NewFileSet(), files: map[string]*source{}, shown: map[string]*source{}}
	w.context = build.Default
	w.context.CgoEnabled = false
	w.context.OpenFile = func(path string) (io.ReadCloser, error) {
		if text, there := w.over[path]; there {
			return io.NopCloser(strings.NewReader(text)), nil
		}
		return os.Open(path)
	}
	w.dirs = map[string]*folder{}
	w.checker.reset()
	return w
}

func (w *workspace) forget(path string) {
	delete(w.files, path)
	delete(w.dirs, filepath.Dir(path))
	if !strings.HasSuffix(path, ".go") {
		w.stale = true
	} else if w.at[filepath.Dir(path)] == nil {
		w.stale = true
	}
}

// show lays texts over the disk.
func (w *workspace) show(asked *question) {
	next := map[string]string{}
	for name, text := range asked.Others {
		next[filepath.Join(w.root, name)] = text
	}
	next[filepath.Join(w.root, asked.Document)] = asked.Text
	for path, text := range next {
		if before, there := w.over[path]; !there || before != text {
			w.relay(path, there)
		}
	}
	for path := range w.over {
		if _, there := next[path]; !there {
			w.relay(path, false)
		}
	}
	w.over = next
}

func (w *workspace) relay(path string, there bool) {
	delete(w.shown, path)
	delete(w.dirs, filepath.Dir(path))
	if !strings.HasSuffix(path, ".go") || (!there && w.at[filepath.Dir(path)] == nil) {
		w.stale = true
	}
}

func (w *workspace) text(path string) string {
	if text, there := w.over[path]; there {
		return text
	}
	content, _ := os.ReadFile(path)
	return string(content)
}

// source parses a file once for each text that it has.
func (w *workspace) source(path string) *source {
	cache := w.files
	if _, there := w.over[path]; there {
		cache = w.shown
	}
	if known := cache[path]; known != nil {
		return known
	}
	text := w.text(path)
	if before := w.files[path]; before != nil && before.text == text {
		cache[path] = before
		return before
	}
	made := &source{path: path, text: text, whole: sha256.Sum256([]byte(text))}
	dir, name := filepath.Split(path)
	made.matches, _ = w.context.MatchFile(dir, name)
	if made.matches {
		made.parse(w.fset)
	}
	cache[path] = made
	return made
}

func (s *source) parse(fset *token.FileSet) {
	tree, err := parser.ParseFile(fset, s.path, s.text, parser.ParseComments|parser.SkipObjectResolution|parser.AllErrors)
	s.tree = tree
	if found, many := err.(scanner.ErrorList); many {
		for _, one := range found {
			s.wrong = append(s.wrong, problem{File: s.path, Line: one.Pos.Line, Column: points(s.text, one.Pos), Message: "syntax error: " + one.Msg})
		}
	} else if err != nil {
		s.wrong = append(s.wrong, problem{File: s.path, Line: 1, Column: 1, Message: err.Error()})
	}
	if tree == nil {
		return
	}
	if tree.Name != nil {
		s.name = tree.Name.Name
	}
	for _, one := range tree.Imports {
		path, err := strconv.Unquote(one.Path.Value)
		if err != nil {
			continue
		}
		if path == "C" {
			s.cgo = true
		} else {
			s.imports = append(s.imports, path)
		}
	}
	s.visible = seen(s.text, fset, tree)
}

// seen is a hash of what the rest of the program can know of a file: all of it but comments and the bodies of functions.
func seen(text string, fset *token.FileSet, tree *ast.File) (sum [sha256.Size]byte) {
	type span struct{ from, to int }
	var bodies []span
	file := fset.File(tree.Pos())
	for _, one := range tree.Decls {
		if function, is := one.(*ast.FuncDecl); is && function.Body != nil && function.Body.Rbrace.IsValid() {
			bodies = append(bodies, span{file.Offset(function.Body.Lbrace), file.Offset(function.Body.Rbrace)})
		}
	}
	digest := sha256.New()
	var scan scanner.Scanner
	own := token.NewFileSet().AddFile("", -1, len(text))
	scan.Init(own, []byte(text), nil, scanner.ScanComments)
	for {
		pos, kind, literal := scan.Scan()
		if kind == token.EOF {
			break
		}
		at := own.Offset(pos)
		for len(bodies) > 0 && at >= bodies[0].to {
			bodies = bodies[1:]
		}
		if len(bodies) > 0 && at > bodies[0].from {
			continue
		}
		if kind == token.SEMICOLON || (kind == token.COMMENT && !strings.HasPrefix(literal, "//go:")) {
			literal = ""
		}
		if kind != token.COMMENT || literal != "" {
			fmt.Fprintf(digest, "%d %s\x00", kind, literal)
		}
	}
	copy(sum[:], digest.Sum(nil))
	return sum
}

// points is a column in code points, from 1.
func points(text string, at token.Position) int {
	start := at.Offset - (at.Column - 1)
	if start < 0 || at.Offset > len(text) {
		return at.Column
	}
	return len([]rune(text[start:at.Offset])) + 1
}

// dir reads a folder of the project.
func (w *workspace) dir(path string) *folder {
	if known := w.dirs[path]; known != nil {
		return known
	}
	names := map[string]bool{}
	entries, _ := os.ReadDir(path)
	made := &folder{}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		names[entry.Name()] = true
		made.assembly = made.assembly || strings.HasSuffix(entry.Name(), ".s") || strings.HasSuffix(entry.Name(), ".S")
	}
	for file := range w.over {
		if filepath.Dir(file) == path {
			names[filepath.Base(file)] = true
		}
	}
	imports, tests := map[string]bool{}, map[string]bool{}
	for _, name := range ordered(names) {
		if !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") {
			continue
		}
		one := w.source(filepath.Join(path, name))
		if !one.matches {
			continue
		}
		into := imports
		switch {
		case !strings.HasSuffix(name, "_test.go"):
			made.plain = append(made.plain, one)
			made.cgo = made.cgo || one.cgo
		case strings.HasSuffix(one.name, "_test"):
			made.outside = append(made.outside, one)
			into = tests
		default:
			made.inside = append(made.inside, one)
			into = tests
		}
		for _, path := range one.imports {
			into[path] = true
		}
	}
	made.imports, made.testImports = ordered(imports), ordered(tests)
	w.dirs[path] = made
	return made
}

func ordered(names map[string]bool) []string {
	found := make([]string, 0, len(names))
	for name := range names {
		found = append(found, name)
	}
	sort.Strings(found)
	return found
}
