package newsmonitor;

import static java.util.Map.entry;
import static org.elasticsearch.plugins.AnalysisPlugin.requiresAnalysisSettings;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.core.LowerCaseFilter;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.en.EnglishMinimalStemFilter;
import org.apache.lucene.analysis.en.EnglishPossessiveFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.es.SpanishAnalyzer;
import org.apache.lucene.analysis.es.SpanishLightStemFilter;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.fr.FrenchLightStemFilter;
import org.apache.lucene.analysis.fr.FrenchMinimalStemFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.pt.PortugueseAnalyzer;
import org.apache.lucene.analysis.pt.PortugueseLightStemFilter;
import org.apache.lucene.analysis.pt.PortugueseMinimalStemFilter;
import org.apache.lucene.analysis.util.ElisionFilter;
import org.elasticsearch.Build;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.index.analysis.AbstractIndexAnalyzerProvider;
import org.elasticsearch.index.analysis.AnalyzerProvider;
import org.elasticsearch.index.analysis.NormalizingTokenFilterFactory;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.mapper.Mapper;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.MapperPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;

/**
 * What our indices and the client need of three modules that are not published: analysis-common, rest-root, percolator.
 *
 * <p>The analysis itself is Lucene's, as in the module; its wiring, and so its settings, is ours. Nothing percolates.
 */
public final class MissingModules extends Plugin implements AnalysisPlugin, MapperPlugin, ActionPlugin {
    /** The stemmer filter's languages, as the reference of the stemmer token filter names them. */
    private static final Map<String, Function<TokenStream, TokenStream>> STEMMERS = Map.ofEntries(
        entry("possessive_english", EnglishPossessiveFilter::new),
        entry("english", PorterStemFilter::new),
        entry("light_english", KStemFilter::new),
        entry("minimal_english", EnglishMinimalStemFilter::new),
        entry("light_french", FrenchLightStemFilter::new),
        entry("minimal_french", FrenchMinimalStemFilter::new),
        entry("light_spanish", SpanishLightStemFilter::new),
        entry("light_portuguese", PortugueseLightStemFilter::new),
        entry("minimal_portuguese", PortugueseMinimalStemFilter::new));

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        Map<String, AnalysisProvider<TokenFilterFactory>> filters = new TreeMap<>();
        filters.put("lowercase", (index, environment, name, settings) -> normalizing(name, LowerCaseFilter::new));
        filters.put("asciifolding", (index, environment, name, settings) -> normalizing(name, ASCIIFoldingFilter::new));
        filters.put("elision", requiresAnalysisSettings(
            (index, environment, name, settings) -> normalizing(name, elision(settings))));
        filters.put("stemmer", requiresAnalysisSettings(
            (index, environment, name, settings) -> filter(name, stemmer(settings))));
        return filters;
    }

    private static Function<TokenStream, TokenStream> elision(Settings settings) {
        CharArraySet articles = new CharArraySet(
            settings.getAsList("articles"), settings.getAsBoolean("articles_case", false));
        return input -> new ElisionFilter(input, articles);
    }

    private static Function<TokenStream, TokenStream> stemmer(Settings settings) {
        String language = settings.get("language", settings.get("name", "english")).toLowerCase(Locale.ROOT);
        Function<TokenStream, TokenStream> found = STEMMERS.get(language);
        if (found == null) {
            throw new IllegalArgumentException("no stemmer [" + language + "] in this node: add it to MissingModules");
        }
        return found;
    }

    private static TokenFilterFactory filter(String name, Function<TokenStream, TokenStream> made) {
        return new TokenFilterFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public TokenStream create(TokenStream input) {
                return made.apply(input);
            }
        };
    }

    /** A filter that wildcards and normalizers get, too. */
    private static TokenFilterFactory normalizing(String name, Function<TokenStream, TokenStream> made) {
        return new NormalizingTokenFilterFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public TokenStream create(TokenStream input) {
                return made.apply(input);
            }
        };
    }

    @Override
    public Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> getAnalyzers() {
        Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> analyzers = new TreeMap<>();
        Map<String, Supplier<Analyzer>> languages = Map.of(
            "english", EnglishAnalyzer::new,
            "french", FrenchAnalyzer::new,
            "spanish", SpanishAnalyzer::new,
            "portuguese", PortugueseAnalyzer::new);
        languages.forEach((language, made) ->
            analyzers.put(language, (index, environment, name, settings) -> analyzer(name, made.get())));
        return analyzers;
    }

    private static AnalyzerProvider<Analyzer> analyzer(String name, Analyzer made) {
        return new AbstractIndexAnalyzerProvider<>(name) {
            @Override
            public Analyzer get() {
                return made;
            }
        };
    }

    @Override
    public Map<String, Mapper.TypeParser> getMappers() {
        return Map.of("percolator", UnindexedQuery.PARSER);
    }

    @Override
    public Collection<RestHandler> getRestHandlers(
            RestHandlersServices services, Supplier<DiscoveryNodes> nodes, Predicate<NodeFeature> features) {
        return List.of(new Introduction());
    }

    /** GET / with the fields that clients read. */
    private static final class Introduction extends BaseRestHandler {
        @Override
        public String getName() {
            return "introduction";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            String answer = """
                {"name": "contract-tests", "version": {"number": "%s", "build_flavor": "%s", "build_hash": "%s"},
                 "tagline": "You Know, for Search"}
                """.formatted(Build.current().version(), Build.current().flavor(), Build.current().hash());
            return channel -> channel.sendResponse(new RestResponse(RestStatus.OK, "application/json", answer));
        }
    }
}
