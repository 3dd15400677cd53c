package main

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Which of a package's files are looked at: itself, with the tests within it, and the tests beside it.
const (
	plain = iota
	inside
	outside
)

const (
	keptFor  = 12      // questions
	mostText = 1 << 26 // bytes parsed before everything is read again: each line of them takes eight bytes
)

type hash [sha256.Size]byte

// checker remembers packages by the hash of all that they were made from: equal hash, same types.
type checker struct {
	foreign  map[string]*types.Package // of other modules and the standard library
	declared map[hash]*declared
	results  map[hash]*result
	hashes   map[string]hash // of this question
	loading  map[string]bool
	lost     map[string]bool // imports that nothing provides
	number   int
}

type declared struct {
	types *types.Package
	last  int
}

type result struct {
	wrong []problem
	last  int
}

func (c *checker) reset() {
	*c = checker{
		foreign: map[string]*types.Package{"unsafe": types.Unsafe}, declared: map[hash]*declared{}, results: map[hash]*result{},
		hashes: map[string]hash{}, loading: map[string]bool{}, lost: map[string]bool{}, number: c.number,
	}
}

// sweep ends a question: what was of no use for some of them is dropped.
func (w *workspace) sweep() {
	w.number++
	w.hashes = map[string]hash{}
	for key, one := range w.declared {
		if w.number-one.last > keptFor {
			delete(w.declared, key)
		}
	}
	for key, one := range w.results {
		if w.number-one.last > keptFor {
			delete(w.results, key)
		}
	}
	if w.begun == 0 {
		w.begun = w.fset.Base()
	}
	if w.fset.Base()-w.begun > mostText { // positions of texts that are gone
		w.fset, w.begun = token.NewFileSet(), 0
		w.files, w.shown, w.dirs = map[string]*source{}, map[string]*source{}, map[string]*folder{}
		w.checker.reset()
	}
}

// visible is the hash of what importers see of a package; with `tested`, the tests within that package are part of it.
func (w *workspace) visible(path, tested string) hash {
	key := path + "\x00" + tested
	if known, there := w.hashes[key]; there {
		return known
	}
	w.hashes[key] = hash{} // a cycle, which the check will tell
	one := w.known[path]
	there := w.dir(one.dir)
	digest := sha256.New()
	fmt.Fprintf(digest, "%s %s\x00", path, one.version)
	files := there.plain
	if path == tested {
		files = append(files[:len(files):len(files)], there.inside...)
	}
	for _, file := range files {
		fmt.Fprintf(digest, "%s %x\x00", filepath.Base(file.path), file.visible)
		for _, path := range file.imports {
			if known := w.known[path]; known != nil && known.own {
				fmt.Fprintf(digest, "%x\x00", w.visible(path, tested))
			}
		}
	}
	var sum hash
	copy(sum[:], digest.Sum(nil))
	w.hashes[key] = sum
	return sum
}

// checked are the errors in a package, or in its tests.
func (w *workspace) checked(one *listed, kind int) []problem {
	there := w.dir(one.dir)
	files, path, tested := there.plain, one.path, ""
	switch kind {
	case inside:
		if len(there.inside) == 0 {
			return nil
		}
		files = append(files[:len(files):len(files)], there.inside...)
	case outside:
		if len(there.outside) == 0 {
			return nil
		}
		files, path, tested = there.outside, one.path+"_test", one.path
	}
	digest := sha256.New()
	fmt.Fprintf(digest, "%s %s %d\x00", one.path, one.version, kind)
	var wrong []problem
	for _, file := range files {
		fmt.Fprintf(digest, "%s %x\x00", filepath.Base(file.path), file.whole)
		for _, path := range file.imports {
			if known := w.known[path]; known != nil && known.own {
				fmt.Fprintf(digest, "%x\x00", w.visible(path, tested))
			}
		}
		wrong = append(wrong, file.wrong...)
	}
	var key hash
	copy(key[:], digest.Sum(nil))
	if known := w.results[key]; known != nil {
		known.last = w.number
		return known.wrong
	}
	if len(wrong) == 0 {
		_, wrong = w.typed(one, path, files, tested, true, nil)
		wrong = append(wrong, bodiless(w, files, there.assembly)...)
	}
	for at := range wrong {
		if name, err := filepath.Rel(w.root, wrong[at].File); err == nil {
			wrong[at].File = filepath.ToSlash(name)
		}
	}
	w.results[key] = &result{wrong: wrong, last: w.number}
	return wrong
}

// bodiless are functions that only have a header, which the compiler refuses where no assembly is.
func bodiless(w *workspace, files []*source, assembly bool) (wrong []problem) {
	if assembly {
		return nil
	}
	for _, file := range files {
		for _, one := range file.tree.Decls {
			if function, is := one.(*ast.FuncDecl); is && function.Body == nil && !strings.Contains(file.text, "//go:linkname") {
				at := w.fset.PositionFor(function.Name.Pos(), false)
				wrong = append(wrong, problem{File: file.path, Line: at.Line, Column: points(file.text, at), Message: "missing function body"})
			}
		}
	}
	return wrong
}

// typed checks files as one package, its functions' bodies too where asked to.
func (w *workspace) typed(one *listed, path string, files []*source, tested string, bodies bool, info *types.Info) (*types.Package, []problem) {
	var wrong []problem
	texts := map[string]string{}
	var trees []*ast.File
	for _, file := range files {
		if file.tree != nil {
			trees = append(trees, file.tree)
			texts[file.path] = file.text
		}
	}
	config := types.Config{
		GoVersion:        one.version,
		IgnoreFuncBodies: !bodies,
		Importer:         importer{w, one, tested},
		Sizes:            types.SizesFor("gc", w.context.GOARCH),
		Error: func(err error) {
			found, is := err.(types.Error)
			if !is {
				return
			}
			if strings.HasPrefix(found.Msg, "\t") { // goes on where the last one stopped
				return
			}
			at := w.fset.PositionFor(found.Pos, false)
			wrong = append(wrong, problem{File: at.Filename, Line: at.Line, Column: points(texts[at.Filename], at), Message: found.Msg})
		},
	}
	made, _ := config.Check(path, w.fset, trees, info)
	return made, wrong
}

// importer finds what the files of `from` import.
type importer struct {
	w      *workspace
	from   *listed
	tested string
}

func (i importer) Import(path string) (*types.Package, error) {
	w := i.w
	if other, there := i.from.imported[path]; there {
		path = other
	}
	if known := w.known[path]; known != nil && known.own {
		return w.declarations(known, i.tested)
	}
	if found := w.foreign[path]; found != nil {
		return found, nil
	}
	if w.lost[path] {
		return nil, fmt.Errorf("no required module provides package %s", path)
	}
	found := w.foreigner(path, i.from)
	if found == nil {
		w.lost[path] = true
		return nil, fmt.Errorf("no required module provides package %s", path)
	}
	return found, nil
}

// declarations is a package of the project as its importers see it.
func (w *workspace) declarations(one *listed, tested string) (*types.Package, error) {
	if w.dir(one.dir).cgo {
		return nil, fmt.Errorf("%s uses C", one.path)
	}
	key := w.visible(one.path, tested)
	if known := w.declared[key]; known != nil {
		known.last = w.number
		return known.types, nil
	}
	if w.loading[one.path] {
		return nil, fmt.Errorf("import cycle not allowed")
	}
	w.loading[one.path] = true
	defer delete(w.loading, one.path)
	there := w.dir(one.dir)
	files := there.plain
	if one.path == tested {
		files = append(files[:len(files):len(files)], there.inside...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no Go files in %s", one.dir)
	}
	made, _ := w.typed(one, one.path, files, tested, false, nil)
	w.declared[key] = &declared{types: made, last: w.number}
	return made, nil
}

// foreigner reads a package that is not the project's from its sources, its declarations alone; nil: there is none.
func (w *workspace) foreigner(path string, from *listed) *types.Package {
	one := w.known[path]
	if one == nil {
		one = w.standard(path)
	}
	if one == nil && strings.Contains(strings.SplitN(path, "/", 2)[0], ".") {
		for _, found := range w.golist(from.dir, []string{"-e", "-deps", fields, path}) {
			if w.known[found.ImportPath] == nil && found.Error == nil {
				found.DepOnly = true
				w.know(found)
			}
		}
		one = w.known[path]
	}
	if one == nil {
		return nil
	}
	there, err := w.context.ImportDir(one.dir, 0)
	if err != nil && there == nil || len(there.GoFiles) == 0 {
		return nil
	}
	var files []*source
	for _, name := range there.GoFiles {
		file := filepath.Join(one.dir, name)
		tree, _ := parser.ParseFile(w.fset, file, nil, parser.SkipObjectResolution)
		files = append(files, &source{path: file, tree: tree})
	}
	made, _ := w.typed(one, path, files, "", false, nil)
	w.foreign[path] = made
	return made
}

// standard finds a package of the standard library that the project has not used so far.
func (w *workspace) standard(path string) *listed {
	for _, name := range []string{path, "vendor/" + path} {
		dir := filepath.Join(runtime.GOROOT(), "src", filepath.FromSlash(name))
		if status, err := os.Stat(dir); err == nil && status.IsDir() && !strings.HasPrefix(path, "cmd/") {
			return &listed{path: name, dir: dir}
		}
	}
	return nil
}
