<?php
// Tells which functions, classes and methods that PHP files use are defined nowhere, and which calls have too few or too
// many arguments. It reads tokens: nothing of the project is run.
//
// A request is a line of JSON on the standard input: `files` (relative names, those that are looked at), `read` (others
// that may define something) and `vendor` (folders of installed packages). The answer: `problems`, each with `file`,
// `line`, `code` and `message`.
declare(strict_types=1);

ini_set('memory_limit', '1G');
$request = json_decode((string) stream_get_contents(STDIN), true, 64, JSON_THROW_ON_ERROR);

/** What a file defines and what it uses; names are whole, and in lower case where they are keys. */
final class Reading
{
    /** @var array<string, array{int, ?int}> functions: the least and the most arguments (null: any number) */
    public array $functions = [];
    /** @var array<string, array{parents: list<string>, open: bool, methods: array<string, array{int, ?int}>}> */
    public array $types = [];
    /** @var list<array{kind: string, names: list<string>, line: int, given: ?int, method: string, shown: string}> */
    public array $uses = [];
    /** @var array<string, true> names in strings: what is asked for before it is used */
    public array $strings = [];

    /** @var list<PhpToken> */
    private array $tokens;
    private string $space = '';
    /** @var array{class: array<string, string>, function: array<string, string>} */
    private array $aliases = ['class' => [], 'function' => []];

    public function __construct(string $text)
    {
        $ignored = [T_WHITESPACE, T_COMMENT, T_DOC_COMMENT, T_OPEN_TAG, T_INLINE_HTML];
        $this->tokens = array_values(array_filter(
            PhpToken::tokenize($text),
            static fn (PhpToken $one): bool => !$one->is($ignored),
        ));
        $this->read();
    }

    private function text(int $at): string
    {
        return $this->tokens[$at]->text ?? '';
    }

    private function is(int $at, mixed $kind): bool
    {
        return isset($this->tokens[$at]) && $this->tokens[$at]->is($kind);
    }

    private function isName(int $at): bool
    {
        return $this->is($at, [T_STRING, T_NAME_QUALIFIED, T_NAME_FULLY_QUALIFIED, T_NAME_RELATIVE]);
    }

    private function read(): void
    {
        $depth = 0;
        $open = []; // types that enclose what is read: depth, name
        for ($at = 0, $count = count($this->tokens); $at < $count; ++$at) {
            $token = $this->tokens[$at];
            if ($token->text === '{' || $token->is([T_CURLY_OPEN, T_DOLLAR_OPEN_CURLY_BRACES])) {
                ++$depth;
            } elseif ($token->text === '}') {
                --$depth;
                if ($open && end($open)[0] === $depth) {
                    array_pop($open);
                }
            } elseif ($token->is(T_CONSTANT_ENCAPSED_STRING)) {
                $this->strings[strtolower(ltrim(stripslashes(trim($token->text, '\'"')), '\\'))] = true;
            } elseif ($token->is(T_NAMESPACE) && ($this->isName($at + 1) || $this->text($at + 1) === '{')) {
                $this->space = $this->isName($at + 1) ? $this->text($at + 1) : '';
                $this->aliases = ['class' => [], 'function' => []];
                $at += $this->isName($at + 1) ? 1 : 0;
            } elseif ($token->is(T_USE) && $this->text($at - 1) !== ')') {
                $at = $open && end($open)[0] === $depth - 1 ? $this->traits($at, end($open)[1]) : $this->imports($at);
                $at -= $this->text($at) === '{' ? 1 : 0;
            } elseif ($token->is([T_CLASS, T_INTERFACE, T_TRAIT, T_ENUM]) && !$this->is($at - 1, T_DOUBLE_COLON)) {
                $open[] = [$depth, $this->type($at)];
            } elseif ($token->is(T_FUNCTION)) {
                $at = $this->defined($at, $open && end($open)[0] === $depth - 1 ? end($open)[1] : null);
            } else {
                $this->used($at, $open ? end($open)[1] : '');
            }
        }
    }

    private function type(int $at): string
    {
        $name = $this->is($at + 1, T_STRING) && !$this->is($at - 1, T_NEW) ? $this->whole($this->text($at + 1)) : '';
        $key = $name === '' ? 'class@' . $at : strtolower($name);
        // What uses a trait, and what extends an abstract class, may bring methods that it calls.
        $whole = $this->is($at, [T_CLASS, T_ENUM]) && !$this->is($at - 1, T_ABSTRACT) && !$this->is($at - 2, T_ABSTRACT);
        $this->types[$key] = ['parents' => [], 'open' => !$whole, 'methods' => []];
        for ($i = $at + 1; isset($this->tokens[$i]) && $this->text($i) !== '{'; ++$i) {
            if ($this->is($i, [T_EXTENDS, T_IMPLEMENTS])) {
                for (++$i; $this->isName($i) || $this->text($i) === ','; ++$i) {
                    if ($this->isName($i)) {
                        $found = $this->resolved($this->text($i), 'class');
                        $this->types[$key]['parents'][] = strtolower($found);
                        $this->using('class', [$found], $i, null);
                    }
                }
                --$i;
            }
        }
        return $key;
    }

    private function traits(int $at, string $type): int
    {
        for (++$at; $this->isName($at) || $this->text($at) === ','; ++$at) {
            if ($this->isName($at)) {
                $found = $this->resolved($this->text($at), 'class');
                $this->types[$type]['parents'][] = strtolower($found);
                $this->using('class', [$found], $at, null);
            }
        }
        return $at;
    }

    private function imports(int $at): int
    {
        $kind = 'class';
        $prefix = '';
        for (++$at; isset($this->tokens[$at]) && $this->text($at) !== ';'; ++$at) {
            if ($this->is($at, T_FUNCTION)) {
                $kind = 'function';
            } elseif ($this->is($at, T_CONST)) {
                $kind = 'const';
            } elseif ($this->isName($at) && $this->is($at + 1, T_NS_SEPARATOR)) {
                $prefix = ltrim($this->text($at), '\\') . '\\';
            } elseif ($this->isName($at)) {
                $full = $prefix . ltrim($this->text($at), '\\');
                $alias = substr((string) strrchr('\\' . $full, '\\'), 1);
                if ($this->is($at + 1, T_AS)) {
                    $alias = $this->text($at += 2);
                }
                if ($kind !== 'const') {
                    $this->aliases[$kind][strtolower($alias)] = $full;
                }
            }
        }
        return $at;
    }

    private function defined(int $at, ?string $type): int
    {
        $next = $at + ($this->text($at + 1) === '&' ? 2 : 1);
        if ($this->text($next + 1) !== '(') {
            return $at; // a function without a name
        }
        [$least, $most] = $this->parameters($next + 1);
        if ($type !== null) {
            $this->types[$type]['methods'][strtolower($this->text($next))] = [$least, $most];
        } else {
            $this->functions[strtolower($this->whole($this->text($next)))] = [$least, $most];
        }
        return $next;
    }

    /** @return array{int, ?int} */
    private function parameters(int $at): array
    {
        [$seen, $least, $any, $default] = [0, 0, false, false];
        for ($depth = 0; isset($this->tokens[$at]); ++$at) {
            $text = $this->text($at);
            $depth += (int) in_array($text, ['(', '[', '{', '#['], true) - (int) in_array($text, [')', ']', '}'], true);
            if ($depth === 0) {
                break;
            }
            if ($depth === 1 && $this->is($at, T_VARIABLE)) {
                ++$seen;
                $any = $any || $this->is($at - 1, T_ELLIPSIS);
                $default = $any || $this->text($at + 1) === '=';
                $least = $default ? $least : $seen;
            }
        }
        return [$least, null]; // PHP takes more than a function of the project asks for
    }

    private function used(int $at, string $type): void
    {
        $before = $this->is($at - 1, [T_OBJECT_OPERATOR, T_NULLSAFE_OBJECT_OPERATOR, T_DOUBLE_COLON, T_CONST, T_GOTO]);
        if ($this->is($at, T_NEW) && $this->isName($at + 1)) {
            $name = $this->text($at + 1);
            $given = $this->text($at + 2) === '(' ? $this->given($at + 2) : 0;
            $found = match (strtolower($name)) {
                'self', 'static', 'parent' => null,
                default => $this->resolved($name, 'class'),
            };
            if ($found !== null) {
                $this->using('class', [$found], $at + 1, $given, '__construct');
            }
        } elseif ($this->isName($at) && $this->is($at + 1, T_DOUBLE_COLON) && !$before) {
            $name = strtolower($this->text($at));
            $named = $name === 'self' ? $type : ($name === 'parent' ? '' : $this->resolved($this->text($at), 'class'));
            $call = $this->text($at + 3) === '(' && $this->is($at + 2, T_STRING);
            if ($named !== '') {
                $given = $call ? $this->given($at + 3) : null;
                $this->using('class', [$named], $at, $given, $call ? $this->text($at + 2) : '');
            }
        } elseif ($this->is($at, T_STATIC) && $this->is($at + 1, T_DOUBLE_COLON) && $type !== '') {
            if ($this->is($at + 2, T_STRING) && $this->text($at + 3) === '(') {
                $this->using('class', [$type], $at, $this->given($at + 3), $this->text($at + 2));
            }
        } elseif ($this->text($at) === '$this' && $this->is($at + 1, T_OBJECT_OPERATOR) && $type !== '') {
            if ($this->is($at + 2, T_STRING) && $this->text($at + 3) === '(') {
                $this->using('class', [$type], $at, $this->given($at + 3), $this->text($at + 2));
            }
        } elseif ($this->isName($at) && $this->text($at + 1) === '(' && !$before && !$this->is($at - 1, T_NEW)) {
            $name = $this->text($at);
            if ($this->is($at - 1, T_ATTRIBUTE) || ($this->text($at - 1) === ',' && $this->inAttribute($at))) {
                return;
            }
            $names = [$this->resolved($name, 'function')];
            if (!str_contains($name, '\\') && !isset($this->aliases['function'][strtolower($name)])) {
                $names[] = $name;
            }
            $this->using('function', array_values(array_unique($names)), $at, $this->given($at + 1));
        }
    }

    private function inAttribute(int $at): bool
    {
        for ($depth = 0; $at >= 0 && !in_array($this->text($at), [';', '{', '}'], true); --$at) {
            $depth += (int) ($this->text($at) === ']') - (int) ($this->text($at) === '[');
            if ($this->is($at, T_ATTRIBUTE)) {
                return $depth === 0;
            }
        }
        return false;
    }

    /** How many arguments stand in the brackets; null: that cannot be told. */
    private function given(int $at): ?int
    {
        [$commas, $last] = [0, $at];
        for ($depth = 0; isset($this->tokens[$at]); ++$at) {
            $text = $this->text($at);
            $depth += (int) (in_array($text, ['(', '[', '{'], true) || $this->is($at, [T_CURLY_OPEN, T_ATTRIBUTE]))
                - (int) in_array($text, [')', ']', '}'], true);
            if ($depth === 0) {
                return $this->text($at - 1) === '(' && $at === $last + 1 ? 0 : $commas + (int) ($this->text($at - 1) !== ',');
            }
            if ($depth === 1) {
                $named = $text === ':' && $this->is($at - 1, T_STRING) && in_array($this->text($at - 2), ['(', ','], true);
                if ($this->is($at, T_ELLIPSIS) || $named) {
                    return null;
                }
                $commas += (int) ($text === ',');
            }
        }
        return null;
    }

    /** @param list<string> $names */
    private function using(string $kind, array $names, int $at, ?int $given, string $method = ''): void
    {
        $this->uses[] = [
            'kind' => $kind, 'names' => $names, 'line' => $this->tokens[$at]->line, 'given' => $given, 'method' => $method,
        ];
    }

    private function whole(string $name): string
    {
        return $this->space === '' ? $name : $this->space . '\\' . $name;
    }

    private function resolved(string $name, string $kind): string
    {
        if (str_starts_with($name, '\\')) {
            return substr($name, 1);
        }
        if (str_starts_with(strtolower($name), 'namespace\\')) {
            return $this->whole(substr($name, 10));
        }
        [$first, $rest] = explode('\\', $name, 2) + [1 => null];
        if ($rest === null) {
            return $this->aliases[$kind][strtolower($name)] ?? $this->whole($name);
        }
        $alias = $this->aliases['class'][strtolower($first)] ?? null;
        return $alias === null ? $this->whole($name) : $alias . '\\' . $rest;
    }
}

/** What is known of all files, those of installed packages by their text alone. */
final class Known
{
    private array $functions = [];
    private array $types = [];
    private ?string $packages = null;

    /** @param list<string> $vendor */
    public function __construct(private array $vendor)
    {
    }

    public function add(Reading $one): void
    {
        $this->functions += $one->functions;
        $this->types += $one->types;
    }

    /** @return array{int, ?int}|null|false null: nobody defines it; false: it is there, and no more is known */
    public function function(string $name): array|null|false
    {
        $key = strtolower($name);
        if (isset($this->functions[$key])) {
            return $this->functions[$key];
        }
        if (function_exists($key) && (new ReflectionFunction($key))->isInternal()) {
            $found = new ReflectionFunction($key);
            $most = $found->isVariadic() ? null : $found->getNumberOfParameters();
            return [$found->getNumberOfRequiredParameters(), $most];
        }
        $last = substr((string) strrchr('\\' . $name, '\\'), 1);
        return preg_match('/\bfunction\s+&?' . preg_quote($last, '/') . '\s*\(/i', $this->packages()) ? false : null;
    }

    public function hasType(string $name): bool
    {
        $key = strtolower($name);
        if (isset($this->types[$key]) || $this->internal($name) !== null) {
            return true;
        }
        $last = preg_quote(substr((string) strrchr('\\' . $name, '\\'), 1), '/');
        return (bool) preg_match('/\b(?:class|interface|trait|enum)\s+' . $last . '\b|class_alias\(.*' . $last . '/i', $this->packages());
    }

    /** @return array{int, ?int}|null|false as for functions; of a type that is not known whole it is false */
    public function method(string $type, string $name, bool $first = true): array|null|false
    {
        $internal = $this->internal($type);
        if ($internal !== null) {
            foreach ([$name, '__call', '__callStatic'] as $asked) {
                if ($internal->hasMethod($asked)) {
                    return false;
                }
            }
            return null;
        }
        $found = $this->types[strtolower($type)] ?? null;
        if ($found === null) {
            return false;
        }
        if (isset($found['methods']['__call']) || isset($found['methods']['__callstatic'])) {
            return $found['methods'][strtolower($name)] ?? false;
        }
        if (isset($found['methods'][strtolower($name)])) {
            return $found['methods'][strtolower($name)];
        }
        foreach ($found['parents'] as $parent) {
            $inherited = $parent === strtolower($type) ? false : $this->method($parent, $name, false);
            if ($inherited !== null) {
                return $inherited;
            }
        }
        return $found['open'] && $first ? false : null;
    }

    /** A type of PHP's own; null: it is none. */
    private function internal(string $name): ?ReflectionClass
    {
        $there = class_exists($name, false) || interface_exists($name, false) || trait_exists($name, false);
        $found = $there ? new ReflectionClass($name) : null;
        return $found !== null && $found->isInternal() ? $found : null;
    }

    /** The text of all installed packages, as far as it says what is defined. */
    private function packages(): string
    {
        if ($this->packages !== null) {
            return $this->packages;
        }
        $said = [];
        foreach ($this->vendor as $folder) {
            $every = new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS);
            foreach (new RecursiveIteratorIterator($every, RecursiveIteratorIterator::LEAVES_ONLY) as $file) {
                if ($file->getExtension() === 'php' && $file->getSize() < 2_000_000) {
                    $text = (string) @file_get_contents($file->getPathname());
                    preg_match_all('/\b(?:function\s+&?\w+\s*\(|(?:class|interface|trait|enum)\s+\w+|class_alias\([^;]*)/i', $text, $found);
                    array_push($said, ...$found[0]);
                }
            }
        }
        return $this->packages = implode("\n", $said);
    }
}

$known = new Known($request['vendor']);
$readings = [];
foreach ([...$request['files'], ...$request['read']] as $name) {
    $text = @file_get_contents($name);
    if ($text === false) {
        continue;
    }
    $reading = new Reading($text);
    $known->add($reading);
    if (in_array($name, $request['files'], true)) {
        $readings[$name] = $reading;
    }
}
$problems = [];
foreach ($readings as $file => $reading) {
    foreach ($reading->uses as $use) {
        $named = $use['names'][0];
        $guarded = array_filter($use['names'], static fn (string $one): bool => isset($reading->strings[strtolower($one)]));
        if ($guarded) {
            continue;
        }
        [$code, $message, $arity] = ['', '', null];
        if ($use['kind'] === 'function') {
            $found = array_map($known->function(...), $use['names']);
            $there = array_values(array_filter($found, static fn (mixed $one): bool => $one !== null));
            if (!$there) {
                [$code, $message] = ['undefined-function', "Call to undefined function $named()"];
            } elseif (is_array($there[0])) {
                $arity = $there[0];
            }
            $said = end($use['names']) . '()';
        } elseif (!str_starts_with($named, 'class@') && !$known->hasType($named)) {
            [$code, $message] = ['undefined-class', "Class \"$named\" not found"];
        } elseif ($use['method'] !== '') {
            $found = $known->method($named, $use['method']);
            $constructs = $use['method'] === '__construct';
            if ($found === null && !$constructs && !str_starts_with($named, 'class@')) {
                [$code, $message] = ['undefined-method', "Call to undefined method $named::{$use['method']}()"];
            } elseif (is_array($found)) {
                $arity = $found;
            }
            $said = "$named::{$use['method']}()";
        }
        if ($arity !== null && $use['given'] !== null && $code === '') {
            if ($use['given'] < $arity[0]) {
                $code = 'too-few-arguments';
                $message = "Too few arguments to function $said, {$use['given']} passed and at least {$arity[0]} expected";
            } elseif ($arity[1] !== null && $use['given'] > $arity[1]) {
                $code = 'too-many-arguments';
                $message = "$said expects at most {$arity[1]} arguments, {$use['given']} given";
            }
        }
        if ($code !== '') {
            $problems[] = ['file' => $file, 'line' => $use['line'], 'code' => $code, 'message' => $message];
        }
    }
}
echo json_encode(['problems' => $problems], JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
